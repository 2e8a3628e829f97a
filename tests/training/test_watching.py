from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors import safe_open
from torch import Tensor, nn

from tenshot.training.lesson import Outcome
from tenshot.training.watching import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator


def _watch(values: Iterator[float], **how: Any) -> tuple[Watch, nn.Parameter]:
    weight = nn.Parameter(torch.zeros(1))
    watch = Watch(steps=how.pop("steps", 7), weights=lambda: ({"w": weight}, {"kind": "toy"}))
    watch.add(lambda: {"real": next(values)}, every=how.pop("every", 2))
    return watch, weight


def test_looks_are_at_the_start_every_so_often_and_at_the_last_step() -> None:
    watch, _ = _watch(iter([0.5, 0.6, 0.7, 0.8]))
    watch.add(lambda: {"other": 1.0}, every=3)
    seen = [sorted(watch.facts(step)) for step in range(6)] + [sorted(watch.facts(6))]
    both = ["valid_other", "valid_real"]
    assert seen == [both, [], ["valid_real"], ["valid_other"], ["valid_real"], [], both]


def test_within_a_step_it_looks_once() -> None:
    watch, _ = _watch(iter([0.5]))
    assert watch.facts(0) == watch.facts(0) == {"valid_real": 0.5}


def test_the_best_weights_are_those_of_the_look_and_given_once() -> None:
    watch, weight = _watch(iter([0.5, 0.4, 0.9]))
    watch.facts(0)
    with torch.no_grad():
        weight += 1
    tensors, facts = watch.take_best() or ({}, {})
    assert tensors["w"].item() == 0
    assert facts == {"kind": "toy", "step": "0", "valid_real": "0.500000"}
    assert watch.take_best() is None
    watch.facts(2)
    assert watch.take_best() is None
    watch.facts(4)
    best = watch.take_best()
    assert best is not None
    assert best[0]["w"].item() == 1


def test_without_real_defects_nothing_is_the_best() -> None:
    watch = Watch(steps=3, weights=lambda: ({}, {}))
    watch.add(lambda: {"loss": 1.0}, every=1)
    assert watch.facts(0) == {"valid_loss": 1.0}
    assert watch.take_best() is None


def test_a_resumed_watch_knows_what_is_to_be_beaten() -> None:
    watch, _ = _watch(iter([0.8]))
    watch.facts(0)
    resumed, _ = _watch(iter([0.7, 0.9]))
    resumed.load_state_dict(watch.state_dict())
    resumed.facts(2)
    assert resumed.take_best() is None
    resumed.facts(4)
    assert resumed.take_best() is not None


def test_the_engine_keeps_the_best_weights_beside_the_last(gym: Any) -> None:
    whole = gym.train(_watched(gym))
    gym.train(out="short", steps=4)
    with safe_open(whole.with_name("best.safetensors"), framework="pt") as best:
        assert best.metadata() == {"kind": "toy", "step": "4", "valid_real": "1.000000"}
        with safe_open(gym.out / "short" / "weights.safetensors", framework="pt") as short:
            assert torch.equal(best.get_tensor("w"), short.get_tensor("w"))


def test_a_resumed_training_does_not_overwrite_what_is_better(gym: Any) -> None:
    lesson = _watched(gym)
    with pytest.raises(KeyboardInterrupt):
        gym.train(lesson, stop=lambda: lesson.now == 5)
    (gym.out / "out" / "best.safetensors").unlink()
    gym.train(_watched(gym), resume=True)
    assert not (gym.out / "out" / "best.safetensors").exists()


def _watched(gym: Any) -> Any:
    """A toy whose merit is best when four steps are done."""

    class Watched(gym.toy):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.now = 0
            self.watch = Watch(steps=10, weights=self.weights)
            self.watch.add(lambda: {"real": 1 - abs(self.now - 4) / 10}, every=1)

        def outcome(self, batch: Tensor, step: int) -> Outcome:
            self.now = step
            loss, facts = super().outcome(batch, step)
            return Outcome(loss, {**facts, **self.watch.facts(step)})

        def best(self) -> Any:
            return self.watch.take_best()

    return Watched()


def test_a_loss_that_has_overflowed_is_not_looked_beside() -> None:
    watch, _ = _watch(iter([0.5]))
    broken = Outcome(torch.tensor(torch.nan), {"energy": 1.0})
    assert watch.beside(broken, 0) is broken
    seen = watch.beside(Outcome(torch.tensor(1.0), {"energy": 2.0}), 0)
    assert seen.facts == {"energy": 2.0, "valid_real": 0.5}
