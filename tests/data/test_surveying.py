from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenshot.data.folders import Category, LabelledImage
from tenshot.data.images import read_image
from tenshot.data.surveying import fits, survey

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Writer = Callable[..., Path]


@given(st.integers(8, 4000), st.integers(8, 4000), st.floats(0.05, 4))
def test_a_scaled_mask_fits_and_a_turned_one_does_not(height: int, width: int, factor: float) -> None:
    scaled = max(1, round(factor * height)), max(1, round(factor * width))
    assert fits(scaled, (height, width))
    if abs(height - width) * min(1, factor) > 8:
        assert not fits(scaled[::-1], (height, width))


def test_sizes_colours_and_depths(write_png: Writer, noise: Callable[..., NDArray[np.uint8]]) -> None:
    files = [write_png(noise(4, 6, 3, seed=index), f"{index}.png") for index in range(2)]
    deep = write_png(noise(4, 6, 1, dtype=np.uint16), "deep.png")
    held = read_image(noise(5, 5, seed=9), name="held")
    category = Category("x", (*files, held), (LabelledImage(deep, None, "good"),))
    calls: list[tuple[int, int]] = []
    found = survey(category, lambda done, total: calls.append((done, total)))
    assert found.formats == {"6 x 4, RGB, 8 bit": 2, "6 x 4, grey, 16 bit": 1, "5 x 5, grey, 8 bit": 1}
    assert calls == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_the_same_picture_is_found_whatever_the_file(
    write_png: Writer, noise: Callable[..., NDArray[np.uint8]], tmp_path: Path
) -> None:
    def picture(seed: int, name: str, channels: int = 1) -> Path:
        return write_png(np.repeat(noise(4, 6, 1, seed=seed), channels, axis=2), name)

    category = Category(
        "x",
        (picture(0, "a.png"), picture(1, "b.png"), picture(0, "c.png", 3)),
        (
            LabelledImage(picture(1, "d.png"), None, "good"),
            LabelledImage(picture(2, "e.png"), None, "good"),
            LabelledImage(picture(2, "f.png"), None, "cut"),
            LabelledImage(picture(2, "g.png"), None, "good"),
        ),
        root=tmp_path,
    )
    found = survey(category, lambda *_: None)
    assert found.repeated == ["c.png = a.png", "g.png = e.png"]
    assert found.leaked == ["b.png = d.png"]
    assert found.contradicted == ["f.png = e.png"]


@pytest.fixture
def mask(write_png: Writer) -> Callable[..., Path]:
    def make(name: str, size: tuple[int, int], value: int) -> Path:
        pixels = np.zeros((*size, 1), np.uint8)
        pixels[0, 0] = value
        return write_png(pixels, name)

    return make


def test_masks(
    write_png: Writer, noise: Callable[..., NDArray[np.uint8]], mask: Callable[..., Path], tmp_path: Path
) -> None:
    image = [write_png(noise(20, 30, 3, seed=index), f"{index}.png") for index in range(5)]
    test = (
        LabelledImage(image[0], mask("m0.png", (20, 30), 1), "cut"),
        LabelledImage(image[1], mask("m1.png", (10, 15), 255), "cut"),
        LabelledImage(image[2], mask("m2.png", (30, 20), 255), "cut"),
        LabelledImage(image[3], mask("m3.png", (20, 30), 0), "cut"),
    )
    good = (mask("g0.png", (20, 30), 0), mask("g1.png", (20, 30), 7))
    found = survey(Category("x", (image[4],), test, root=tmp_path, good_masks=good), lambda *_: None)
    assert found.misfits == [f"{tmp_path / 'm2.png'} is 20 x 30, 2.png is 30 x 20"]
    assert found.empty == ["3.png"]
    assert found.marked == ["g1.png"]


def test_broken_and_flat_files(write_png: Writer, noise: Callable[..., NDArray[np.uint8]], tmp_path: Path) -> None:
    whole = write_png(noise(20, 30, 3), "whole.png")
    cut = tmp_path / "cut.png"
    cut.write_bytes(whole.read_bytes()[:600])
    broken = tmp_path / "mask.png"
    broken.write_bytes(b"no image")
    flat = [write_png(np.full((4, 4, 1), value, np.uint8), f"flat{value}.png") for value in (3, 4)]
    test = (LabelledImage(whole, broken, "cut"), LabelledImage(flat[1], None, "good"))
    found = survey(Category("x", (cut, flat[0]), test, root=tmp_path, good_masks=(broken,)), lambda *_: None)
    assert ["cut.png" in found.unreadable[0], "mask.png" in found.unreadable[1]] == [True, True]
    assert len(found.unreadable) == 3
    assert (found.flat_train, found.flat_test) == (["flat3.png"], ["flat4.png"])
