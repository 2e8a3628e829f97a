from __future__ import annotations

import math

import torch

from tenshot.training.outlines import draw_group, draw_part, outline


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_outlines_are_closed_shapes_of_about_radius_one() -> None:
    random = generator()
    corners = set()
    for _ in range(300):
        shape = outline(random)
        corners.add(len(shape))
        farthest = max(math.hypot(x, y) for x, y in shape)
        assert 0.99 <= farthest <= math.sqrt(2) + 1e-6  # a square's corners
        assert max(abs(x) for x, _ in shape) <= 1 + 1e-6
    assert {3, 4, 5, 6, 7, 8} <= corners  # polygons
    assert {16, 30} <= corners  # cogs
    assert max(corners) > 70  # what is round


def test_the_cover_of_a_part_is_where_it_was_put_and_as_large() -> None:
    random = generator()
    areas = []
    for _ in range(80):
        cover = draw_part(64, centre=(0.25, 0.75), radius=0.2, generator=random)
        assert cover.shape == (64, 64)
        assert (float(cover.min()), float(cover.max())) == (0, 1)
        rows, columns = cover.nonzero().T
        assert (rows.float().mean() / 64 - 0.75).abs() < 0.04
        assert (columns.float().mean() / 64 - 0.25).abs() < 0.04
        areas.append(float(cover.mean()) / (math.pi * 0.2**2))
    assert max(areas) < 1.3  # a square
    assert 0.4 < sum(areas) / len(areas) < 1.0


def test_edges_are_finer_than_pixels() -> None:
    cover = draw_part(32, centre=(0.5, 0.5), radius=0.37, generator=generator(1))
    torch.testing.assert_close(cover.unique(), torch.tensor([0, 64, 128, 191, 255]) / 255)


def test_a_group_lies_on_its_part_and_is_smaller() -> None:
    random = generator()
    shown = 0
    for _ in range(150):
        cover = draw_group(64, centre=(0.5, 0.5), radius=0.4, generator=random)
        shown += bool(cover.any())
        assert float(cover.mean()) < math.pi * 0.4**2
        rows, columns = (cover > 0).nonzero().T
        if len(rows):
            assert max((rows / 63 - 0.5).abs().max(), (columns / 63 - 0.5).abs().max()) < 0.5
    assert shown > 140


def test_the_generator_decides_a_drawing_at_every_size() -> None:
    for draw in (draw_part, draw_group):
        first, again, other = (draw(48, centre=(0.5, 0.5), radius=0.4, generator=generator(seed)) for seed in (0, 0, 1))
        assert torch.equal(first, again)
        assert not torch.equal(first, other)
        fine = draw(96, centre=(0.5, 0.5), radius=0.4, generator=generator())
        small = torch.nn.functional.avg_pool2d(fine[None], 2)[0]
        assert float((small - first).abs().mean()) < 0.01
