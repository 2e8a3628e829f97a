from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import settings as running
from hypothesis import strategies as st

from tenshot.negatives.places import Place
from tenshot.negatives.regions import Region, blob, field, scratch


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def whole(region: Region, size: tuple[int, int]) -> torch.Tensor:
    mask = torch.zeros(size)
    region.place.of(mask).copy_(region.mask)
    return mask


@running(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 90), st.integers(1, 90), st.booleans())
def test_a_region_lies_inside_its_picture_whatever_the_size(seed: int, height: int, width: int, line: bool) -> None:
    size = (height, width)
    region = (
        scratch(size, generator=generator(seed)) if line else blob(size, area=(0.001, 0.3), generator=generator(seed))
    )
    place = region.place
    assert place.top >= 0
    assert place.left >= 0
    assert place.height >= 1
    assert place.width >= 1
    assert place.top + place.height <= height
    assert place.left + place.width <= width
    assert region.mask.shape == (place.height, place.width)
    assert 0 <= float(region.mask.min()) <= float(region.mask.max()) <= 1


def test_blobs_have_about_the_area_that_was_asked_for() -> None:
    random = generator()
    areas = torch.stack([blob((64, 64), area=(0.02, 0.02), generator=random).mask.sum() for _ in range(400)]) / 64**2
    # Ragged, faded at the edge and cut off by the border; centres keep away from it.
    assert 0.01 < float(areas.mean()) < 0.024
    small = torch.stack([blob((64, 64), area=(0.005, 0.005), generator=random).mask.sum() for _ in range(400)])
    assert float(small.mean()) / 64**2 == pytest.approx(float(areas.mean()) / 4, rel=0.3)


def test_the_rectangle_cuts_off_nothing_of_a_blob_or_a_scratch() -> None:
    random = generator(1)
    for _ in range(200):
        for region in (blob((120, 100), area=(0.005, 0.02), generator=random), scratch((120, 100), generator=random)):
            place, mask = region.place, region.mask
            for border, at_edge in (
                (mask[0], place.top == 0),
                (mask[-1], place.top + place.height == 120),
                (mask[:, 0], place.left == 0),
                (mask[:, -1], place.left + place.width == 100),
            ):
                assert at_edge or float(border.max()) <= 0.01


def test_edges_are_soft_or_hard() -> None:
    random = generator(2)
    soft = []
    for _ in range(300):
        mask = blob((96, 96), area=(0.02, 0.02), generator=random).mask
        soft.append(float(((mask > 0.02) & (mask < 0.98)).sum() / (mask > 0.02).sum()))
    assert min(soft) < 0.1
    assert max(soft) > 0.4


def test_a_scratch_is_thin_and_long() -> None:
    random = generator(3)
    for _ in range(50):
        mask = whole(scratch((256, 256), generator=random), (256, 256)) > 0.5
        rows, columns = mask.nonzero().T
        extent = math.hypot(int(rows.max() - rows.min()), int(columns.max() - columns.min()))
        assert mask.sum() <= 9 * (0.4 * 256 + 9)
        assert extent >= 1


def test_a_field_is_smooth_over_its_cell_and_free_beyond() -> None:
    values = torch.stack([field((40, 60), cell=12.0, generator=generator(seed)) for seed in range(600)])
    assert values.shape == (600, 40, 60)
    assert float(values.mean()) == pytest.approx(0, abs=0.03)
    assert float(values.std()) == pytest.approx(0.83, abs=0.05)
    correlation = [float((values[:, 5, 5] * values[:, 5, 5 + far]).mean() / values.var()) for far in (1, 6, 40)]
    assert correlation[0] > 0.9
    assert 0.3 < correlation[1] < 0.95
    assert abs(correlation[2]) < 0.2


def test_a_part_of_a_field_is_a_field() -> None:
    # The variance inside a window much smaller than a cell is that of any point: no knots stand at the window's edges.
    values = torch.stack([field((3, 3), cell=100.0, generator=generator(seed)) for seed in range(800)])
    assert float(values[:, 1, 1].std()) == pytest.approx(0.83, abs=0.06)
    assert float((values[:, 0, 0] - values[:, 2, 2]).abs().max()) < 0.25


def test_a_region_is_decided_by_its_generator() -> None:
    for make in (
        lambda seed: blob((50, 50), area=(0.01, 0.1), generator=generator(seed)),
        lambda seed: scratch((50, 50), generator=generator(seed)),
    ):
        first, again, other = make(1), make(1), make(2)
        assert isinstance(first.place, Place)
        assert torch.equal(whole(first, (50, 50)), whole(again, (50, 50)))
        assert not torch.equal(whole(first, (50, 50)), whole(other, (50, 50)))
