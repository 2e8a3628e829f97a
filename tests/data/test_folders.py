from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest

from tenshot.core.errors import ImageError, InputError, MissingError
from tenshot.data.folders import Category, LabelledImage, read_category, read_mask
from tenshot.data.images import read_image

if TYPE_CHECKING:
    from collections.abc import Callable

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
    assert [read.label(source) for source in read.train_good] == ["train/good/2.png", "train/good/10.png"]
    assert [(image.defect, image.source.name, image.is_anomalous) for image in read.test] == [
        ("bent", "1.png", True),
        ("cut", "1.png", True),
        ("cut", "2.jpg", True),
        ("cut", "10.png", True),
        ("good", "0.png", False),
    ]
    assert read.has_all_masks
    assert (read.root, read.about, read.lacks, read.good_masks) == (category, "", "", ())


def test_masks_go_by_name(category: Path) -> None:
    masks = {f"{image.defect}/{image.source.name}": image.mask_path for image in read_category(category).test}
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
@pytest.mark.parametrize("name", ["3_mask.png", "01.png", "1_mask_mask.png"])
def test_mask_without_its_own_image_is_named(category: Path, masks: str, name: str) -> None:
    (category / "ground_truth/cut" / name).touch()
    with pytest.raises(InputError, match=rf"cut/{name}: a mask must bear the name of an image"):
        read_category(category, masks=masks)


@pytest.mark.parametrize("masks", ["required", "optional"])
@pytest.mark.parametrize("name", ["1.png", "1_mask.bmp"])
def test_second_mask_of_an_image_is_named(category: Path, masks: Any, name: str) -> None:
    (category / "ground_truth/cut" / name).touch()
    with pytest.raises(InputError, match=r"cut/1.*: .*test/cut/1\.png has the mask 1.* already"):
        read_category(category, masks=masks)


@pytest.mark.parametrize("name", ["dent/1_mask.png", "1_mask.png"])
def test_mask_of_no_judged_type_is_named(category: Path, name: str) -> None:
    (category / "ground_truth/dent").mkdir()
    (category / "ground_truth" / name).touch()
    with pytest.raises(InputError, match=rf"ground_truth/{name}: masks lie in ground_truth/<type>"):
        read_category(category, masks="optional")


def test_masks_of_normal_images_are_kept_apart(category: Path) -> None:
    (category / "ground_truth/good").mkdir()
    (category / "ground_truth/good/0_mask.png").touch()
    read = read_category(category)
    assert read.good_masks == (category / "ground_truth/good/0_mask.png",)
    assert [image.mask_path for image in read.test if not image.is_anomalous] == [None]
    (category / "ground_truth/good/9_mask.png").touch()
    with pytest.raises(InputError, match=r"good/9_mask\.png: a mask must bear the name"):
        read_category(category)


def test_another_word_for_good(category: Path) -> None:
    expected = [image.is_anomalous for image in read_category(category).test]
    (category / "train/good").rename(category / "train/OK")
    (category / "test/good").rename(category / "test/normal")
    read = read_category(category)
    assert [read.label(source) for source in read.train_good] == ["train/OK/2.png", "train/OK/10.png"]
    assert [image.defect for image in read.test if not image.is_anomalous] == ["good"]
    assert [image.is_anomalous for image in read.test] == expected
    (category / "train/good").mkdir()
    with pytest.raises(InputError, match="train: one folder may hold the normal images, got good and OK"):
        read_category(category)


@pytest.mark.parametrize(
    ("good", "masked", "bare", "lacks", "pixels"),
    [
        (1, 2, 0, "", True),
        (1, 1, 2, "No pixel metrics: 1 of 3 anomalous images have a mask.", False),
        (1, 0, 2, "No pixel metrics: no anomalous image has a mask.", False),
        (0, 1, 0, "No image-level metrics: no normal image is there to judge.", True),
        (3, 0, 0, "No ranking and no pixel metrics: no anomalous image is there to judge.", False),
    ],
)
def test_what_a_category_lacks(*, good: int, masked: int, bare: int, lacks: str, pixels: bool) -> None:
    test = [LabelledImage(Path("a"), None, "good")] * good
    test += [LabelledImage(Path("b"), Path("m"), "cut")] * masked + [LabelledImage(Path("c"), None, "cut")] * bare
    category = Category("widget", (Path("t"),), tuple(test))
    assert category.lacks == lacks
    assert category.has_all_masks is pixels


def test_labels() -> None:
    held = read_image(np.eye(3), name="train/00007")
    assert Category("a", (), ()).label(held) == "train/00007"
    assert Category("a", (), ()).label(Path("x/y.png")) == "x/y.png"
    assert Category("a", (), (), root=Path("x")).label(Path("x/y.png")) == "y.png"


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
        assert all(image.source.stem in image.mask_path.name for image in read.test if image.mask_path)
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
