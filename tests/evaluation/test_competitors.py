from __future__ import annotations

import json
from pathlib import Path

import pytest

from tenshot.core.config import DetectorConfig, ExtractorConfig
from tenshot.core.errors import InputError
from tenshot.evaluation.competitors import COMPETITORS, configure, describe


def test_nearest_neighbour_differs_from_the_default_in_coder_and_compression_alone() -> None:
    base = DetectorConfig(extractor=ExtractorConfig(name="resnet10"), image_size=64)
    control = configure("nearest", base)
    assert control.coding.method == "nearest"
    assert control.dictionary.atoms is None
    for same in ("extractor", "image_size", "tile", "scoring"):
        assert getattr(control, same) == getattr(base, same)
    assert control.coding.normalise == base.coding.normalise
    assert configure("default", base) == base


@pytest.mark.parametrize("name", COMPETITORS)
def test_every_competitor_has_valid_settings(name: str) -> None:
    config = configure(name, DetectorConfig())
    assert DetectorConfig.model_validate(config.model_dump()) == config


def test_an_unknown_competitor_is_refused() -> None:
    with pytest.raises(InputError, match=r"expected one of default, nearest, .*, got 'best'"):
        configure("best", DetectorConfig())


def test_settings_are_recorded_without_folders() -> None:
    plain = describe(DetectorConfig(extractor=ExtractorConfig(weights=Path("/elsewhere/net.safetensors"))))
    assert plain["extractor"]["weights"] == "net.safetensors"
    assert "elsewhere" not in json.dumps(plain)
