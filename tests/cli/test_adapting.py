from __future__ import annotations

from pathlib import Path

import pytest

from tenshot.cli.adapting import detector_config, layer_numbers
from tenshot.cli.options import DetectorOptions, SupportOptions
from tenshot.core.config import DetectorConfig
from tenshot.core.errors import InputError


def test_nothing_said_means_the_settings_of_the_library() -> None:
    assert detector_config(DetectorOptions(), SupportOptions(), None) == DetectorConfig()


def test_what_is_said_overrides_one_setting_each() -> None:
    config = detector_config(
        DetectorOptions(image_size=128, tile=96, extractor="resnet10", layers="0,2", map="gradient", score="energy"),
        SupportOptions(augment="flips"),
        Path("w.safetensors"),
    )
    assert (config.image_size, config.tile) == (128, 96)
    assert (config.extractor.name, config.extractor.layers) == ("resnet10", (0, 2))
    assert config.extractor.weights == Path("w.safetensors")
    assert (config.scoring.map, config.scoring.score) == ("gradient", "energy")
    assert config.dictionary.augment == "flips"
    assert config.coding == DetectorConfig().coding


def test_layers() -> None:
    assert layer_numbers("1,2, 3") == (1, 2, 3)
    assert layer_numbers(None) is None


@pytest.mark.parametrize("text", ["", "1,", "one", "1;2", "1.5"])
def test_layers_that_are_no_numbers(text: str) -> None:
    with pytest.raises(InputError, match="--layers: expected whole numbers"):
        layer_numbers(text)
