from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tenshot.evaluation.meta_training.own_terms_page import Point, best_point, own_terms_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenshot.evaluation.ledger import Cell

GRID = {"sizes": [0.01, 0.1], "steps": [1, 5]}


@pytest.fixture
def measured() -> Callable[..., Cell]:
    def build(state: str, remaining: list[list[float]], seed: int = 0, cosine: float = 0.0) -> Cell:
        facts = {"cosine": cosine, "auroc_gradient": 0.5, "auroc_residual": 0.5, "ranked": 1.0}
        facts |= {"corrupted": 3.0, "positive": 2.0}
        return {"network": "a", "weights": "x", "state": state, "seed": seed, "remaining": remaining, "facts": facts}

    return build


def test_the_best_point_leaves_least_on_the_mean(measured: Callable[..., Cell]) -> None:
    cells = [
        measured("trained", [[0.9, 0.1], [0.5, 0.4]], seed=0),
        measured("trained", [[0.9, 0.9], [0.4, 0.5]], seed=1),
    ]
    assert best_point(cells) == Point(size=1, steps=0)
    assert best_point(cells[:1]) == Point(size=0, steps=1)
    assert best_point(cells, steps=1) == Point(size=1, steps=1)


def test_the_difference_is_trained_less_untrained_seed_by_seed(measured: Callable[..., Cell]) -> None:
    cells = [
        # Out of order, as an interrupted run may leave them.
        measured("trained", [[0.5, 0.2], [1.0, 1.0]], seed=1, cosine=0.4),
        measured("trained", [[0.7, 0.4], [1.0, 1.0]], seed=0, cosine=0.2),
        measured("untrained", [[0.8, 0.9], [1.0, 1.0]], seed=0, cosine=0.1),
        measured("untrained", [[0.6, 0.7], [1.0, 1.0]], seed=1, cosine=0.3),
    ]
    table = own_terms_table(cells, grid=GRID, usual=(0.01, 5))
    rows = [[part.strip() for part in line.split("|")[1:-1]] for line in table.splitlines()]
    assert rows[0][2] == "remaining, 0.01 × 5"
    assert [row[1] for row in rows[2:]] == ["untrained", "trained", "difference"]
    assert [row[4] for row in rows[2:]] == ["0.01 × 1", "0.01 × 5", ""]
    assert rows[4][2] == "-0.500 ± 0.000"
    assert rows[4][3] == "-0.400 ± 0.000"
    assert rows[4][5] == "+0.100 ± 0.000"
    assert rows[2][8] == "1.500 ± 0.000"
