from __future__ import annotations

from pathlib import Path

import pytest

from tenshot.cli.adapting import detector_config, layer_numbers, named, require_place
from tenshot.cli.options import DetectorOptions, RunOptions, SupportOptions
from tenshot.core.config import DetectorConfig
from tenshot.core.errors import InputError, OutputError


def test_nothing_said_means_the_settings_of_the_library() -> None:
    assert detector_config(DetectorOptions(), SupportOptions(), RunOptions()) == DetectorConfig()


def test_what_is_said_overrides_one_setting_each() -> None:
    config = detector_config(
        DetectorOptions(image_size=128, tile=96, extractor="resnet10", layers="0,2", map="gradient", score="energy"),
        SupportOptions(augment="flips"),
        RunOptions(weights=Path("w.safetensors"), adapter="episodic"),
    )
    assert (config.image_size, config.tile) == (128, 96)
    assert (config.extractor.name, config.extractor.layers) == ("resnet10", (0, 2))
    assert config.extractor.weights == Path("w.safetensors")
    assert config.extractor.adapter == "episodic"
    assert (config.scoring.map, config.scoring.score) == ("gradient", "energy")
    assert config.dictionary.augment == "flips"
    assert config.coding == DetectorConfig().coding


@pytest.mark.parametrize(("adapter", "name"), [(None, "resnet10"), ("small", "resnet10 with adapter small")])
def test_an_extractor_is_told_with_its_adapter(adapter: str | None, name: str) -> None:
    assert named({"name": "resnet10", "adapter": adapter}) == name


def test_layers() -> None:
    assert layer_numbers("1,2, 3") == (1, 2, 3)
    assert layer_numbers(None) is None


@pytest.mark.parametrize("text", ["", "1,", "one", "1;2", "1.5"])
def test_layers_that_are_no_numbers(text: str) -> None:
    with pytest.raises(InputError, match="--layers: expected whole numbers"):
        layer_numbers(text)


def test_a_place_is_tried_before_the_work_and_left_as_it_was(tmp_path: Path) -> None:
    require_place(tmp_path / "part.tenshot")
    (tmp_path / "kept.tenshot").write_bytes(b"old")
    require_place(tmp_path / "kept.tenshot")
    assert (tmp_path / "kept.tenshot").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["kept.tenshot"]


@pytest.mark.parametrize("place", ["nowhere/part.tenshot", "folder", "n" * 300, "file/part.tenshot"])
def test_places_that_cannot_be_written(place: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write the task file"):
        require_place(tmp_path / place)
