from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from torch import nn

from tenshot.core.errors import TrainingError
from tenshot.training.diagnosis import diagnose

if TYPE_CHECKING:
    from collections.abc import Callable

HEALTHY = {"positive": 0.2, "corrupted": 0.3, "negative": 0.3, "variance": 0.9, "remaining": 0.9}


def log(*, count: int = 30, every: int = 10, **later: float) -> list[dict[str, float]]:
    """A healthy first row, and others that differ from it."""
    rows: list[dict[str, float]] = [{"step": float(every * (row + 1)), **HEALTHY} for row in range(count)]
    return [rows[0], *(row | later for row in rows[1:])]


@pytest.mark.parametrize(
    ("later", "sign"),
    [
        ({"variance": 1e-4}, "features are the same everywhere .spatial variance 0.0001"),
        ({"positive": 0.02, "corrupted": 0.02, "negative": 0.018}, "vanished and are alike .normal 0.2 to 0.02"),
        ({"positive": 0.0, "corrupted": 0.0, "negative": 0.0}, "vanished and are alike"),
        ({"positive": 0.02, "corrupted": 0.0202, "negative": 0.0}, "vanished and are alike"),
        ({"negative": 40.0}, "energies have exploded .sampled 0.3 to 40"),
        ({"remaining": 1.01, "corrupted": 0.1}, "for 200 steps Langevin dynamics has repaired nothing"),
    ],
)
def test_every_way_to_collapse_is_named_with_its_figures(later: dict[str, float], sign: str) -> None:
    found = diagnose(log(**later))
    assert found is not None
    assert found.startswith("collapse: ")
    assert re.search(sign, found), found


@pytest.mark.parametrize(
    "later",
    [
        {},
        {"positive": 0.01, "corrupted": 0.06, "negative": 0.05},  # everything easier, damage six times as hard
        {"positive": 0.002, "corrupted": 0.02, "negative": 0.02},
        {"positive": 0.2, "corrupted": 0.2, "negative": 0.2},  # alike, but not vanished: time will tell
        {"remaining": 1.2},  # walks too far, and energies stay
        {"corrupted": 0.1, "remaining": 0.98},
        {"variance": 0.01},
        {"negative": 20.0},
    ],
)
def test_what_training_may_well_do_is_no_collapse(later: dict[str, float]) -> None:
    assert diagnose(log(**later)) is None


def test_one_odd_row_is_no_sign() -> None:
    rows = log()
    rows[-1] |= {"positive": 0.02, "corrupted": 0.02, "negative": 0.02, "variance": 0.002}
    assert diagnose(rows) is None


def test_a_young_training_is_given_time() -> None:
    assert diagnose([]) is None
    assert diagnose(log(count=3, variance=0.0)) is None
    assert diagnose(log(count=15, remaining=1.01, corrupted=0.1)) is None


def test_facts_that_are_not_there_are_not_missed() -> None:
    assert diagnose([{"step": float(step), "loss": 1.0} for step in range(300)]) is None
    energies = [{"step": float(step), "positive": 0.2 if step == 0 else 0.0} for step in range(10)]
    assert diagnose(energies) is None


def test_a_training_that_collapses_is_stopped_and_named(
    lesson_of: Callable[..., object], train: Callable[..., list[dict[str, float]]]
) -> None:
    # The paper's loss with a step that overshoots and a hot optimiser: making the energy vanish helps at once.
    lesson = lesson_of(
        losses={"reconstruction": "mse", "eta1": 0},
        langevin={"steps": 1, "step_size": 64.0, "normalise": False},
        network={"strides": (1, 2, 2, 2)},
        validation=[],
    )
    with pytest.raises(TrainingError, match=r"step \d+: collapse: energies have vanished and are alike"):
        train(lesson, steps=60, rate=1e-2)


def test_a_network_that_sees_the_same_everywhere_is_stopped_and_named(
    lesson_of: Callable[..., object], train: Callable[..., list[dict[str, float]]]
) -> None:
    lesson = lesson_of(langevin={"steps": 0}, validation=[], coding={"method": "full", "normalise": False})
    network = lesson.embedding.network
    network.norm = nn.AdaptiveAvgPool2d(1)
    lesson.embedding._maps = lambda x: [*[None] * 4, network(x)[-1].expand(-1, -1, 4, 4)]
    with pytest.raises(TrainingError, match="features are the same everywhere"):
        train(lesson, steps=5, rate=1e-4)
