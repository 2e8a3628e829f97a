from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
import pytest

from tenshot.core.errors import ImageError, InputError, MissingError
from tenshot.data.folders import read_category, read_mask

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILES = (
    "train/good/2.png", "train/good/10.png", "train/good/notes.txt", "train/good/.hidden.png",
    "test/good/0.png", "test/cut/1.png", "test/cut/2.jpg", "test/cut/10.png", "test/bent/1.png",
    "ground_truth/cut/1_mask.png", "ground_truth/cut/2.png", "ground_truth/cut/10_mask.png",
    "ground_truth/bent/1_mask.png",
)  # fmt: skip


@pytest.fixture
def category(tmp_path: Path) -> Path:
    for name in FILES:
        path = tmp_path / "widget" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "widget"


def test_layout(category: Path) -> None:
    read = read_category(category)
    assert read.name == "widget"
    assert [path.name for path in read.train_good] == ["2.png", "10.png"]
    assert [(image.defect, image.path.name, image.is_anomalous) for image in read.test] == [
        ("bent", "1.png", True),
        ("cut", "1.png", True),
        ("cut", "2.jpg", True),
        ("cut", "10.png", True),
        ("good", "0.png", False),
    ]
    assert read.has_all_masks


def test_masks_go_by_name(category: Path) -> None:
    masks = {f"{image.defect}/{image.path.name}": image.mask_path for image in read_category(category).test}
    assert masks == {
        "bent/1.png": category / "ground_truth/bent/1_mask.png",
        "cut/1.png": category / "ground_truth/cut/1_mask.png",
        "cut/2.jpg": category / "ground_truth/cut/2.png",
        "cut/10.png": category / "ground_truth/cut/10_mask.png",
        "good/0.png": None,
    }


def test_missing_masks_are_named_unless_optional(category: Path) -> None:
    (category / "ground_truth/cut/1_mask.png").unlink()
    (category / "ground_truth/cut/10_mask.png").unlink()
    with pytest.raises(InputError, match=r"cut/1\.png and 1 more: no mask .*masks='optional'"):
        read_category(category)
    read = read_category(category, masks="optional")
    assert not read.has_all_masks
    assert [image.mask_path is None for image in read.test if image.defect == "cut"] == [True, False, True]


@pytest.mark.parametrize("masks", ["required", "optional"])
@pytest.mark.parametrize("name", ["3_mask.png", "1.png", "1_mask_mask.png"])
def test_mask_without_its_own_image_is_named(category: Path, masks: str, name: str) -> None:
    (category / "ground_truth/cut" / name).touch()
    with pytest.raises(InputError, match=rf"cut/{name}: a mask must bear the name of an image"):
        read_category(category, masks=masks)


def remove(*names: str) -> Callable[[Path], None]:
    return lambda root: [(root / name).unlink() for name in names] and None


@pytest.mark.parametrize(
    ("spoil", "kind", "words"),
    [
        (lambda root: root.rename(root.parent / "other"), MissingError, "train/good: there is no such folder"),
        (lambda root: (root / "test").rename(root / "tests"), MissingError, "test: there is no such folder"),
        (remove("train/good/2.png", "train/good/10.png"), InputError, "must hold images, got 0 and 5"),
    ],
)
def test_incomplete_category(category: Path, spoil: Callable[[Path], None], kind: type[Exception], words: str) -> None:
    spoil(category)
    with pytest.raises(kind, match=words):
        read_category(category)


def test_real_categories(shared_data: Path) -> None:
    for name, train, good, bad in (("bottle", 209, 20, 63), ("pill", 267, 26, 141), ("capsule", 196, 23, 109)):
        read = read_category(shared_data / "mvtec_ad" / name)
        anomalous = sum(image.is_anomalous for image in read.test)
        assert (len(read.train_good), len(read.test) - anomalous, anomalous) == (train, good, bad)
        assert all(image.path.stem in image.mask_path.name for image in read.test if image.mask_path)
    tiles = read_category(shared_data / "magnetic_tile")
    assert (len(tiles.train_good), len(tiles.test)) == (666, 286 + 392)


def test_real_category_with_few_masks(shared_data: Path) -> None:
    with pytest.raises(InputError, match="and 31 more: no mask"):
        read_category(shared_data / "mvtec_ad/transistor")
    read = read_category(shared_data / "mvtec_ad/transistor", masks="optional")
    assert sum(image.mask_path is not None for image in read.test) == 8


@pytest.mark.parametrize("size", [(30, 50), (15, 25), (7, 11), (64, 64), (1, 1), (90, 20)])
def test_mask_takes_the_nearest_pixel(tmp_path: Path, size: tuple[int, int]) -> None:
    drawn = np.random.default_rng(0).random((30, 50)) < 0.3
    picture = PIL.Image.fromarray(drawn.astype(np.uint8) * 255)
    picture.save(tmp_path / "mask.png")
    mask = read_mask(tmp_path / "mask.png", size)
    expected = np.asarray(picture.resize(size[::-1], PIL.Image.Resampling.NEAREST)) > 0
    assert mask.dtype == bool
    assert np.array_equal(mask, expected)


def test_mask_is_whatever_is_not_black(tmp_path: Path) -> None:
    values = np.array([[0, 1, 128, 255]], dtype=np.uint8)
    for i, mask in enumerate((values, np.stack([values, values * 0, values * 0], axis=-1), values.astype(np.uint16))):
        PIL.Image.fromarray(mask).save(tmp_path / f"{i}.png")
        assert read_mask(tmp_path / f"{i}.png", (1, 4)).tolist() == [[False, True, True, True]]


def test_broken_mask(tmp_path: Path) -> None:
    (tmp_path / "mask.png").write_bytes(b"no image")
    with pytest.raises(ImageError, match=r"mask\.png"):
        read_mask(tmp_path / "mask.png", (4, 4))
    with pytest.raises(MissingError, match=r"none\.png"):
        read_mask(tmp_path / "none.png", (4, 4))
