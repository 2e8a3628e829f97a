from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tenshot.core.errors import InputError
from tenshot.data.known import kolektor_sdd2

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Put = Callable[..., Path]


@pytest.fixture
def root(put: Put) -> Path:
    put("train/10.png", "train/11.png", "train/12.png", "test/20.png", "test/21.png", "train/10 (copy).png")
    put("train/10_GT.png", "train/11_GT.png", "test/20_GT.png", "train/10_GT (copy).png", mask=0)
    return put("train/12_GT.png", "test/21_GT.png", mask=255)


def test_defective_training_photos_and_copies_are_left_out(root: Path) -> None:
    assert kolektor_sdd2.looks_like(root)
    [category] = kolektor_sdd2.read(root)
    assert [category.label(image) for image in category.train_good] == ["train/10.png", "train/11.png"]
    assert [(category.label(image.source), image.defect) for image in category.test] == [
        ("test/21.png", "defect"),
        ("test/20.png", "good"),
    ]
    assert category.test[0].mask_path == root / "test/21_GT.png"
    assert [category.label(mask) for mask in category.good_masks] == [
        "train/10_GT.png",
        "train/11_GT.png",
        "test/20_GT.png",
    ]
    assert category.lacks == ""


@pytest.mark.parametrize(
    ("lost", "words"), [("11_GT.png", r"11\.png: no mask <name>_GT"), ("11.png", r"11_GT\.png: a mask must bear")]
)
def test_half_a_pair_is_named(root: Path, lost: str, words: str) -> None:
    (root / "train" / lost).unlink()
    with pytest.raises(InputError, match=words):
        kolektor_sdd2.read(root)


def test_nothing_good_to_learn(root: Path, put: Put) -> None:
    put("train/10_GT.png", "train/11_GT.png", mask=9)
    with pytest.raises(InputError, match="train: no photo has an empty mask"):
        kolektor_sdd2.read(root)
