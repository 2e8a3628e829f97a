from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tenshot.data.images import read_image
from tenshot.detectors.framing import Framing, choose_framing, median_framing, take_photo

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SIDES = st.integers(8, 300)


@given(SIDES, SIDES, st.integers(64, 512), st.sampled_from([8, 14, 16, 32]))
def test_frames_have_the_shape_of_the_photo_and_the_wanted_area(height: int, width: int, size: int, step: int) -> None:
    frame = choose_framing((height, width), image_size=size, multiple=step, tile=None).size
    aspect = min(max(height / width, 1 / 4), 4)
    ideal = size * math.sqrt(aspect), size / math.sqrt(aspect)
    for side, wanted in zip(frame, ideal, strict=True):
        assert side % step == 0
        assert side >= step
        assert abs(side - wanted) <= step / 2 or side == step


def test_tiles_make_square_frames() -> None:
    framing = choose_framing((100, 400), image_size=64, multiple=32, tile=50)
    assert (framing.size, framing.tile) == ((64, 64), 50)


def test_a_photo_of_the_right_size_passes_untouched() -> None:
    pixels = torch.rand(3, 32, 48)
    assert torch.equal(Framing((32, 48)).cut(pixels)[0], pixels)


@settings(deadline=None)  # the first call of torch's interpolation takes its time
@given(SIDES, SIDES)
def test_resizing_keeps_values_in_range_and_flat_areas_flat(height: int, width: int) -> None:
    framing = Framing((32, 64))
    extremes = (torch.rand(1, height, width) > 0.5).float()
    frame = framing.cut(extremes)
    assert frame.shape == (1, 1, 32, 64)
    assert 0 <= frame.min() <= frame.max() <= 1
    torch.testing.assert_close(framing.cut(torch.full((1, height, width), 0.3)), torch.full((1, 1, 32, 64), 0.3))


def test_shrinking_averages_what_it_drops() -> None:
    stripes = (torch.arange(230) % 2).float().expand(1, 64, 230)
    frame = Framing((16, 64)).cut(stripes)
    assert frame[..., 2:-2].sub(0.5).abs().max() < 0.05, "without antialiasing the stripes would beat"


@given(st.integers(20, 200), st.integers(20, 200), st.integers(16, 120))
def test_tiles_cover_every_pixel_and_overlap(height: int, width: int, tile: int) -> None:
    boxes = Framing((32, 32), tile=tile)._boxes((height, width))
    side = min(tile, height, width)
    seen = np.zeros((height, width), int)
    for top, left, h, w in boxes:
        assert (h, w) == (side, side)
        assert 0 <= top <= height - side
        assert 0 <= left <= width - side
        seen[top : top + h, left : left + w] += 1
    assert seen.min() >= 1
    for starts in (sorted({top for top, *_ in boxes}), sorted({left for _, left, *_ in boxes})):
        assert all(after - before <= 0.75 * side + 1 for before, after in itertools.pairwise(starts))


@pytest.mark.parametrize("size", [(64, 64), (100, 64), (64, 150), (131, 97)])
def test_what_is_cut_without_scaling_is_stitched_back_exactly(size: tuple[int, int]) -> None:
    photo = torch.rand(1, *size)
    framing = Framing((64, 64), tile=64)
    whole = framing.stitch([frame[0] for frame in framing.cut(photo)], size)
    if size == (64, 64):
        assert torch.equal(whole, photo[0])
    assert torch.equal(whole, photo[0])


@pytest.mark.parametrize("spot", [(5, 5), (100, 200), (63, 64), (119, 310), (60, 8)])
def test_a_spot_in_a_large_photo_is_at_its_place_in_the_stitched_map(spot: tuple[int, int]) -> None:
    photo = torch.zeros(1, 120, 320)
    photo[0, spot[0] - 2 : spot[0] + 3, spot[1] - 2 : spot[1] + 3] = 1
    framing = Framing((64, 64), tile=80)
    whole = framing.stitch([frame[0] for frame in framing.cut(photo)], (120, 320))
    assert whole.shape == (96, 256)
    y, x = np.unravel_index(int(whole.argmax()), whole.shape)
    assert (y / 0.8, x / 0.8) == (pytest.approx(spot[0], abs=4), pytest.approx(spot[1], abs=4))


def test_overlapping_tiles_take_the_larger_value() -> None:
    framing = Framing((4, 4), tile=4)
    maps = [torch.full((4, 4), float(value)) for value in (1, 3, 2)]
    assert framing.stitch(maps, (4, 8))[0].tolist() == [1, 1, 3, 3, 3, 3, 2, 2]


def test_a_photo_smaller_than_a_tile_is_one_tile() -> None:
    framing = Framing((32, 32), tile=100)
    assert len(framing.cut(torch.rand(3, 20, 20))) == 1
    assert len(framing.cut(torch.rand(3, 20, 50))) == 3


def test_the_region_is_stretched_over_the_photo_and_cut_like_it(photo: Callable[..., NDArray[np.uint8]]) -> None:
    roi = torch.zeros(1, 10, 10)
    roi[:, :, 5:] = 1
    whole = take_photo(read_image(photo(0, (60, 90))), framing=Framing((32, 64)), roi=roi)
    assert whole.inside is not None
    assert whole.inside.shape == (1, 32, 64)
    assert whole.inside.dtype == torch.bool
    assert not whole.inside[..., :31].any()
    assert whole.inside[..., 33:].all()
    tiled = take_photo(read_image(photo(0, (60, 90))), framing=Framing((32, 32), tile=40), roi=roi)
    assert tiled.inside is not None
    assert tiled.inside.shape == (*tiled.frames.shape[:1], 32, 32)


def test_a_photo_lets_the_original_go(photo: Callable[..., NDArray[np.uint8]]) -> None:
    kept = take_photo(read_image(photo(0, (600, 600)), name="big"), framing=Framing((64, 64)), roi=None)
    assert (kept.name, kept.size, kept.is_grey) == ("big", (600, 600), False)
    assert kept.frames.untyped_storage().nbytes() == 3 * 64 * 64 * 4


def test_the_median_shape_wins(photo: Callable[..., NDArray[np.uint8]]) -> None:
    image = read_image(photo(0))
    photos = []
    for number, size in enumerate([(100, 10), (20, 100), (30, 50), (50, 30)]):
        one = take_photo(image, framing=Framing((32, 32 + number)), roi=None)
        photos.append(replace(one, size=size))
    assert median_framing(photos) == photos[2].framing
    assert median_framing(photos[:1]) == photos[0].framing
