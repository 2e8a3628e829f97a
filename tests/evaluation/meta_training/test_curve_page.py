from __future__ import annotations

from typing import TYPE_CHECKING

from tenshot.evaluation.meta_training.curve_page import curve_table, stops

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenshot.evaluation.ledger import Cell


def _rows(table: str) -> list[list[str]]:
    return [[part.strip() for part in line.split("|")[1:-1]] for line in table.splitlines()[2:]]


def test_a_row_says_where_a_variant_begins_and_ends(cell: Callable[..., Cell]) -> None:
    rows = _rows(curve_table([cell("soft", cpu_seconds=1.0), cell("base")]))
    looks = ["1.000 → 0.500", "0.500 → 0.750", "0.625 → 0.625", "2.000 → 3.000"]
    assert rows == [
        ["base", "2.000 → 2.000", *looks, "0.50", "1.00", "0 of 1"],
        ["soft shrinkage", "2.000 → 2.000", *looks, "1.00", "2.00", "0 of 1"],
    ]


def test_a_training_that_stopped_at_once_leaves_gaps(cell: Callable[..., Cell]) -> None:
    gone = cell("soft", stopped="collapse: all gone", cpu_seconds=None, rows={}, looks={"after": []})
    assert _rows(curve_table([gone])) == [["soft shrinkage", *["–"] * 7, "1 of 1"]]


def test_stopped_trainings_are_named(cell: Callable[..., Cell]) -> None:
    cells = [cell("plain", 1, stopped="collapse: all gone"), cell("base", 1)]
    assert stops(cells) == ["- losses as printed, seed 1: collapse: all gone"]
    assert stops(cells[1:]) == []
