from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from PIL import Image

from tenshot.core.config import CodingConfig
from tenshot.core.errors import InputError, MissingError
from tenshot.training.engine import run
from tenshot.training.lesson_settings import RealSettings
from tenshot.training.log import read_rows
from tenshot.training.real_validation import RealDefects
from tenshot.training.run_settings import RunSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import Tensor

SIDE = 64


@pytest.fixture
def products(tmp_path: Path) -> Path:
    """Two products of grey pictures; defective ones of ``bolt`` have a white square, of ``nut`` nothing to be seen."""
    random = np.random.default_rng(0)
    for name, level in (("bolt", 255), ("nut", None)):
        for part, count in (("train/good", 4), ("test/good", 3), ("test/scratch", 3)):
            folder = tmp_path / name / part
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = random.normal(100, 5, (SIDE, SIDE)).clip(0, 255).astype(np.uint8)
                if part == "test/scratch" and level is not None:
                    pixels[16:32, 16:32] = level
                Image.fromarray(pixels).save(folder / f"{number}.png")
    return tmp_path


def _see(frames: Tensor) -> Tensor:
    """Sixteen cells of a picture, each with its mean and its own noise left out."""
    means = torch.nn.functional.adaptive_avg_pool2d(frames, 8).flatten(2).mT
    return torch.cat([means, torch.ones_like(means)], dim=2)


def _defects(products: Path, **how: Any) -> RealDefects:
    settings = RealSettings.model_validate({"folders": ("bolt", "nut"), "shots": (1, 3), "draws": 2, **how})
    return RealDefects(settings, base=products, image_size=SIDE, coding=CodingConfig(method="full"))


def test_what_can_be_seen_is_told_apart_and_the_mean_is_over_all(products: Path) -> None:
    found = _defects(products).judge(_see)
    assert list(found) == ["real_bolt_1", "real_bolt_3", "real_nut_1", "real_nut_3", "real"]
    assert found["real_bolt_1"] == found["real_bolt_3"] == 1
    assert found["real_nut_3"] < 1
    assert found["real"] == pytest.approx(sum(list(found.values())[:4]) / 4)
    assert found == _defects(products).judge(_see)


def test_pictures_are_read_once_and_what_is_kept_may_be_features(products: Path) -> None:
    def keep(frames: Tensor) -> Tensor:
        assert frames.shape == (1, 3, SIDE, SIDE)
        return _see(frames)

    settings = RealSettings.model_validate({"folders": ("bolt",), "shots": (2,), "draws": 2})
    defects = RealDefects(settings, base=products, image_size=SIDE, coding=CodingConfig(), keep=keep)
    before = defects.judge(lambda rows: rows)
    shutil.rmtree(products / "bolt")
    assert defects.judge(lambda rows: rows) == before
    frames = _defects(products.parent / products.name, folders=("nut",))
    shutil.rmtree(products / "nut")
    with pytest.raises(MissingError):
        frames.judge(_see)


def test_folders_must_be_products_to_be_told_apart(products: Path) -> None:
    with pytest.raises(MissingError, match="nowhere"):
        _defects(products, folders=("nowhere",))
    with pytest.raises(InputError, match=r"bolt: expected at least 5 images in train/good, got 4"):
        _defects(products, shots=(5,))
    with pytest.raises(InputError, match=r"real_validation\.folders: expected names that differ, got bolt, bolt"):
        _defects(products, folders=("bolt", "nut/../bolt"))
    shutil.rmtree(products / "nut" / "test" / "good")
    with pytest.raises(InputError, match=r"nut: expected normal and anomalous images in test .*, got 3 anomalous ones"):
        _defects(products)


@pytest.mark.parametrize("lesson", ["episodes", "distil", "adapter"])
def test_every_lesson_keeps_its_best_weights(
    lesson_of: Callable[..., Any], products: Path, tmp_path: Path, lesson: str
) -> None:
    extractor = {"name": "resnet10", "layers": (0, 1)}
    made = lesson_of(
        lesson=lesson,
        validation=[],
        langevin={"steps": 0},
        run={"steps": 2},
        adapter={"extractor": extractor, "shots": (1, 2), "pool": 2},
        distil={"teacher": extractor, "pairs": [(0, 0)], "head": 0.0, "pictures": 2, "size": 64},
        real_validation={"folders": (products / "bolt",), "every": 1, "shots": (1,), "draws": 1},
    )
    settings = RunSettings(steps=2, episodes_per_step=1, log_every=1, checkpoint_every=2)
    run(made, settings=settings, out=tmp_path / "out")
    rows = read_rows(tmp_path / "out" / "log.csv", until=2)
    assert all(row["valid_real"] == row["valid_real_bolt_1"] > 0 for row in rows)
    assert (tmp_path / "out" / "best.safetensors").is_file()
