from __future__ import annotations

import torch

from tenshot.training.panels import heat, panel


def test_heat_goes_from_black_over_red_and_yellow_to_white() -> None:
    maps = torch.tensor([[[0.0, 2.0], [4.0, 6.0]], [[0.0, 0.0], [0.0, 0.0]]])
    colours = heat(maps).permute(0, 2, 3, 1)
    assert colours[0].flatten(0, 1).tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1]]
    assert not colours[1].any()


def test_a_row_is_the_query_its_walk_and_the_map() -> None:
    query = torch.full((3, 3, 4, 5), 0.25)
    walk = [torch.full((3, 3, 4, 5), value) for value in (-0.5, 0.5, 1.5)]
    sheet = panel(query, walk, torch.ones(3, 4, 5), rows=2)
    assert sheet.shape == (2, 5, 3, 4, 5)
    assert sheet[0, :, 0, 0, 0].tolist() == [0.25, 0, 0.5, 1, 1]
