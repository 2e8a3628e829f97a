from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from tenshot.core.errors import SupportError
from tenshot.detectors.adaptive_energy.learning import own_framing
from tenshot.detectors.photos import as_sequence, decode, take_photos

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tenshot import Detector
    from tenshot.core.types import Image

ONE = np.zeros((4, 4, 3), np.uint8)


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ("a.png", 1),
        (Path("a.png"), 1),
        (ONE, 1),
        (ONE[..., 0], 1),
        (torch.zeros(3, 4, 4), 1),
        (Pillow.new("RGB", (4, 4)), 1),
        (["a.png", Path("b.png")], 2),
        (("a.png",), 1),
        ([], 0),
        (np.stack([ONE] * 5), 5),
        (torch.zeros(2, 3, 4, 4), 2),
        ((name for name in ("a.png", "b.png")), 2),
        ({"a.png": 1, "b.png": 2}, 2),
    ],
    ids=lambda value: type(value).__name__,
)
def test_one_image_or_many(given: Any, count: int) -> None:
    assert len(as_sequence(given)) == count


def test_images_in_memory_are_named_by_their_position(images: list[Image]) -> None:
    assert decode(ONE, 4).name == "image 5"
    assert decode(images[0]) is images[0]


def test_an_image_that_is_decoded_already_is_left_out_by_its_name(
    images: list[Image], take: Callable[..., tuple[list[Any], list[Any]]]
) -> None:
    flat = replace(images[0], pixels=np.zeros((9, 9, 1), np.uint8), name="flat.png")
    photos, left_out = take([images[1], flat], skip_broken=True)
    assert [photo.name for photo in photos] == ["photo 1"]
    assert [each.name for each in left_out] == ["flat.png"]


@pytest.fixture
def take(detector: Detector) -> Callable[..., tuple[list[Any], list[Any]]]:
    def run(sources: list[Any], **options: Any) -> tuple[list[Any], list[Any]]:
        return take_photos(sources, choose=own_framing(detector.extractor, detector.config), **options)

    return run


def breakages(folder: Path, whole: bytes) -> dict[str, Any]:
    """Things that stand where a photo should, and what is said about them."""
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.png").write_text("not a picture")
    (folder / "folder.png").mkdir()
    Pillow.new("RGB", (40, 40), (9, 9, 9)).save(folder / "flat.png")
    return {
        "truncated": folder / "cut.png",
        "empty": folder / "empty.png",
        "text": folder / "text.png",
        "folder": folder / "folder.png",
        "missing": folder / "missing.png",
        "one flat colour": folder / "flat.png",
        "NaN": np.full((8, 8, 3), np.nan),
        "must lie in": np.arange(48.0).reshape(4, 4, 3),
        "constant": np.full((8, 8), 0.5),
    }


@pytest.mark.parametrize(
    "which", ["truncated", "empty", "text", "folder", "missing", "one flat colour", "NaN", "must lie in", "constant"]
)
def test_a_normal_image_that_cannot_be_used_is_named_and_stops_or_is_left_out(
    which: str, files: list[Path], take: Callable[..., tuple[list[Any], list[Any]]], tmp_path: Path
) -> None:
    (tmp_path / "broken").mkdir()
    broken = breakages(tmp_path / "broken", files[0].read_bytes())[which]
    name = str(broken) if isinstance(broken, Path) else "image 3"
    sources = [*files[:2], broken, *files[2:]]
    with pytest.raises(SupportError, match="normal image cannot be used: ") as caught:
        take(sources)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
    photos, left_out = take(sources, skip_broken=True)
    assert [photo.name for photo in photos] == [str(file) for file in files]
    assert [(each.name, name in each.reason) for each in left_out] == [(name, True)]


def test_the_same_picture_counts_once(
    files: list[Path], take: Callable[..., tuple[list[Any], list[Any]]], tmp_path: Path
) -> None:
    copy = tmp_path / "copy.bmp"
    Pillow.open(files[1]).save(copy)
    photos, left_out = take([*files, copy])
    assert len(photos) == 4
    assert [(each.name, each.reason) for each in left_out] == [(str(copy), f"the same picture as {files[1]}")]


def test_grey_and_colour_do_not_mix(
    files: list[Path], take: Callable[..., tuple[list[Any], list[Any]]], tmp_path: Path
) -> None:
    grey = tmp_path / "grey.png"
    Pillow.open(files[0]).convert("L").save(grey)
    with pytest.raises(SupportError, match=r"all grey or all colour: 1 are grey .*grey\.png.*, 2 are colour .*1\.png"):
        take([files[1], grey, files[2]])
    grey_as_colour = tmp_path / "grey_as_colour.png"
    Pillow.open(files[1]).convert("L").convert("RGB").save(grey_as_colour)
    assert len(take([grey, grey_as_colour])[0]) == 2


def test_photos_of_other_shapes_take_the_frame_of_the_median_one(
    photo: Callable[..., NDArray[np.uint8]], take: Callable[..., tuple[list[Any], list[Any]]]
) -> None:
    sizes = [(300, 60), (70, 150), (80, 160), (90, 180), (50, 50)]
    photos, _ = take([photo(seed, size) for seed, size in enumerate(sizes)])
    assert {each.framing for each in photos} == {photos[1].framing}
    assert {tuple(each.frames.shape) for each in photos} == {(1, 3, 32, 96)}
    assert [each.size for each in photos] == sizes
    assert [each.name for each in photos] == [f"image {n}" for n in range(1, 6)]


def test_rotated_views_need_square_frames(
    detector_of: Callable[..., Detector], photo: Callable[..., NDArray[np.uint8]]
) -> None:
    detector = detector_of(dictionary={"augment": "rotations"})
    photos, _ = take_photos([photo(0, (60, 160))], choose=own_framing(detector.extractor, detector.config))
    assert photos[0].framing.size == (64, 64)
