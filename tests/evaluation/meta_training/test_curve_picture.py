from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tenshot.evaluation.meta_training.curve_picture import curve_picture, smoothed
from tenshot.evaluation.meta_training.variants import COMPARISONS, VARIANTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenshot.evaluation.ledger import Cell


def test_a_running_mean_begins_with_what_there_is() -> None:
    assert smoothed([4.0, 2.0, 0.0, 4.0], window=3) == pytest.approx([4, 3, 2, 2])
    assert smoothed([]) == []


def test_the_same_cells_give_the_same_bytes(cell: Callable[..., Cell]) -> None:
    cells = [cell(variant.name, seed) for variant in VARIANTS for seed in (0, 1)]
    svg = curve_picture(cells)
    assert svg == curve_picture(cells)
    said = " ".join(ET.fromstring(svg).itertext())  # noqa: S314 - our own
    assert all(title in said for title in COMPARISONS)


def test_a_training_that_ended_early_or_at_once_is_no_obstacle(cell: Callable[..., Cell]) -> None:
    short = cell("base", 1, rows={"step": [1], "loss": [2.0], "cosine": [0.5]})
    gone = cell("soft", rows={}, looks={"after": []})
    assert curve_picture([cell("base"), short, gone]).startswith("<")
