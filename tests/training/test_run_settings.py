from __future__ import annotations

import math
from typing import Any

import pytest

from tenshot.core.config import validated
from tenshot.core.errors import InputError
from tenshot.training.run_settings import OptimiserSettings, RunSettings


def rates(steps: int, **settings: Any) -> list[float]:
    optimiser = OptimiserSettings(learning_rate=1.0, **settings)
    return [optimiser.rate(step, steps) for step in range(steps)]


def test_the_rate_stays_as_it_is() -> None:
    assert rates(3) == [1, 1, 1]


def test_the_rate_warms_up() -> None:
    assert rates(6, warmup=4) == [0.25, 0.5, 0.75, 1, 1, 1]


def test_the_rate_decays_as_half_a_cosine() -> None:
    assert rates(5, decay="cosine") == pytest.approx([(1 + math.cos(math.pi * k / 4)) / 2 for k in range(5)])
    assert rates(7, warmup=2, decay="cosine", final_share=0.1) == pytest.approx(
        [0.5, 1, *(0.1 + 0.9 * (1 + math.cos(math.pi * k / 4)) / 2 for k in range(5))]
    )


def test_a_training_as_short_as_its_warm_up_has_rates() -> None:
    assert rates(2, warmup=2, decay="cosine") == [0.5, 1]
    assert OptimiserSettings(decay="cosine").rate(20, 10) == 0


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"steps": 0}, "steps"),
        ({"clip": 0}, "clip"),
        ({"precision": "64"}, "precision"),
        ({"processes": 3}, "episodes_per_step: expected a multiple of processes = 3, got 4"),
    ],
)
def test_settings_that_cannot_be_are_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        validated(RunSettings, values)
