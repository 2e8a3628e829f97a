from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tenshot.core.errors import InputError
from tenshot.data.known import btad

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Put = Callable[..., Path]


@pytest.fixture
def root(put: Put) -> Path:
    put("BTAD/01/train/ok/0000.bmp", "BTAD/01/test/ok/0001.bmp", "BTAD/01/test/ko/0000.bmp", "BTAD/01/test/ko/0001.bmp")
    put("BTAD/03/train/ok/0000.bmp", "BTAD/03/test/ok/0001.bmp", "BTAD/03/test/ko/0000.bmp")
    put("BTAD/01/ground_truth/ko/0001.png", "BTAD/01/ground_truth/ko/0000.png", mask=255)
    return put("BTAD/03/ground_truth/ko/0000.bmp", mask=255) / "BTAD"


def test_ok_and_ko(root: Path) -> None:
    assert btad.looks_like(root)
    assert btad.looks_like(root / "03")
    first, third = btad.read(root)
    assert (first.name, third.name) == ("btad/01", "btad/03")
    assert [(image.defect, image.mask_path and image.mask_path.name) for image in first.test] == [
        ("ko", "0000.png"),
        ("ko", "0001.png"),
        ("good", None),
    ]
    assert first.lacks == third.lacks == ""
    assert third.test[0].mask_path == root / "03/ground_truth/ko/0000.bmp"
    assert btad.read(root / "03") == (third,)


def test_a_mask_twice_is_named(root: Path, put: Put) -> None:
    put("BTAD/03/ground_truth/ko/0000.png", mask=255)
    with pytest.raises(InputError, match=r"0000\.png: .*0000\.bmp has the mask 0000\.bmp already"):
        btad.read(root)


def test_masks_of_good_images_may_be_of_both_splits(root: Path, put: Put) -> None:
    put("BTAD/03/ground_truth/ok/0000.png", "BTAD/03/ground_truth/ok/0001.png", mask=0)
    [third] = btad.read(root / "03")
    assert [mask.name for mask in third.good_masks] == ["0000.png", "0001.png"]
    put("BTAD/03/ground_truth/ok/0002.png", mask=0)
    with pytest.raises(InputError, match=r"ok/0002\.png: a mask must bear"):
        btad.read(root)


def test_other_products_are_not_taken(root: Path) -> None:
    (root / "01").rename(root / "bottle")
    assert not btad.looks_like(root / "bottle")
    assert [category.name for category in btad.read(root)] == ["btad/03"]
