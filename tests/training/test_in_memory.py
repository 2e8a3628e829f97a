from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors.torch import load_file

from tenshot.core.errors import TrainingError
from tenshot.training import fit
from tenshot.training.in_memory import LessonObjective
from tenshot.training.lesson import Outcome
from tenshot.training.run_settings import OptimiserSettings, RunSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

    Gym = Any
    Toy = Any


def trained(toy: Toy, *, steps: int = 10, **run: Any) -> Toy:
    settings = RunSettings(steps=steps, episodes_per_step=4, **run)
    objective = LessonObjective(
        toy, run=settings, optimiser=OptimiserSettings(learning_rate=0.1, warmup=3, decay="cosine")
    )
    fit(objective, objective.batches(), steps=steps)
    return toy


@pytest.mark.parametrize("clip", [0.5, None])
def test_it_trains_as_the_engine_does(gym: Gym, clip: float | None) -> None:
    weights = load_file(gym.train(steps=10, clip=clip, decay="cosine", pictures_every=0))
    toy = trained(gym.toy(), clip=clip)
    assert torch.equal(toy.w.detach(), weights["w"])
    assert toy.w.detach().any()
    assert not toy.training


def test_steps_see_as_many_episodes_as_the_engine_shows(gym: Gym) -> None:
    seen: list[tuple[int, list[int]]] = []
    trained(gym.toy(batch=lambda step, indices: seen.append((step, list(indices)))), steps=2, accumulate=2)
    assert seen[:2] == [(0, [*range(8)]), (1, [*range(8)])]


def test_a_collapse_is_looked_for_in_rows_of_means(gym: Gym) -> None:
    looks: list[tuple[int, list[Mapping[str, float]]]] = []

    def check(step: int, history: Sequence[Mapping[str, float]]) -> None:
        looks.append((step, [dict(row) for row in history]))

    trained(gym.toy(check=check), steps=8, log_every=2, check_every=4)
    assert [step for step, _ in looks] == [4, 8]
    assert [row["step"] for row in looks[1][1]] == [2, 4, 6, 8]
    assert looks[0][1] == looks[1][1][:2]
    assert {"loss", "sum"} < set(looks[0][1][0])
    assert [row.get("sometimes") for row in looks[1][1]] == [0, None, 4, None]
    losses: list[float] = []
    toy = gym.toy()
    real = toy.outcome
    toy.outcome = lambda batch, step: (losses.append(real(batch, step).loss.item()), real(batch, step))[1]
    trained(toy, steps=8)
    assert looks[1][1][3]["loss"] == pytest.approx(sum(losses[6:8]) / 2)


def test_a_collapse_is_raised_as_it_is(gym: Gym) -> None:
    def check(step: int, _: object) -> None:
        msg = f"step {step}: all is lost"
        raise TrainingError(msg)

    with pytest.raises(TrainingError, match=r"^step 5: all is lost$"):
        trained(gym.toy(check=check), check_every=5)


@pytest.mark.parametrize(("what", "value"), [("loss", math.nan), ("gradient norm", math.inf)])
def test_what_is_no_number_ends_it(gym: Gym, what: str, value: float) -> None:
    toy = gym.toy()
    real: Callable[[Tensor, int], Outcome] = toy.outcome

    def outcome(batch: Tensor, step: int) -> Outcome:
        if step < 3:
            return real(batch, step)
        loss = toy.w.sum() * math.nan if what == "loss" else _Steep.apply(toy.w).sum()
        return Outcome(loss, {})

    toy.outcome = outcome
    with pytest.raises(TrainingError, match=f"^{what}: expected a number at step 4, got {value}$"):
        trained(toy)


class _Steep(torch.autograd.Function):
    """A finite value of infinite slope."""

    @staticmethod
    def forward(_: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:
        return gradient * math.inf
