from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tenshot.core.errors import ImageError, InputError
from tenshot.data.known import kolektor_sdd

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Put = Callable[..., Path]


@pytest.fixture
def root(put: Put) -> Path:
    for item in range(1, 7):
        put(*(f"kos{item:02}/Part{part}.jpg" for part in range(3)))
        put(*(f"kos{item:02}/Part{part}_label.bmp" for part in (0, 2)), mask=0)
        root = put(f"kos{item:02}/Part1_label.bmp", mask=1 if item % 2 else 0)
    return root


def test_nonzero_labels_are_defects_and_items_are_split(root: Path) -> None:
    assert kolektor_sdd.looks_like(root)
    [category] = kolektor_sdd.read(root)
    bad = [image for image in category.test if image.is_anomalous]
    assert [category.label(image.source) for image in bad] == [f"kos0{item}/Part1.jpg" for item in (1, 3, 5)]
    assert all(image.mask_path == image.source.parent / "Part1_label.bmp" for image in bad)
    learned = {image.parent.name for image in category.train_good}
    judged = {image.source.parent.name for image in category.test if not image.is_anomalous}
    assert (len(learned), len(judged), learned & judged) == (3, 3, set())
    assert len(category.train_good) + len(category.test) == 18
    assert len(category.good_masks) == 15
    assert (category.name, category.lacks) == ("kolektor_sdd", "")
    assert kolektor_sdd.read(root) == (category,)


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        ("Part0_label.bmp", r"Part0\.jpg: no label <name>_label\.bmp"),
        ("Part0.jpg", r"Part0_label\.bmp: a mask must bear"),
    ],
)
def test_half_a_pair_is_named(root: Path, lost: str, words: str) -> None:
    (root / "kos02" / lost).unlink()
    with pytest.raises(InputError, match=words):
        kolektor_sdd.read(root)


def test_broken_label_is_named(root: Path) -> None:
    label = root / "kos02/Part0_label.bmp"
    label.write_bytes(label.read_bytes()[:-40])
    with pytest.raises(ImageError, match=r"kos02/Part0_label\.bmp cannot be decoded"):
        kolektor_sdd.read(root)


def test_one_item_cannot_be_split(put: Put) -> None:
    put("kos01/Part0.jpg")
    root = put("kos01/Part0_label.bmp", mask=0)
    with pytest.raises(InputError, match="at least two items are needed, got 1"):
        kolektor_sdd.read(root)
