"""Looks at what a training has achieved, every so often, and keeps the weights of the best look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn

from tenshot.training.lesson import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tenshot.training.settings import TrainingConfig

    Weights = tuple[dict[str, Tensor], dict[str, str]]
    Look = Callable[[], Mapping[str, float]]

__all__ = ["Watch"]

MERIT = "valid_real"
"""The figure that says which weights are the best; larger is better."""


class Watch(nn.Module):
    """Looks at weights where they stand when a step begins; asked several times within a step, it looks once.

    A module, since the best figure so far belongs into checkpoints.

    Args:
        steps: of the training, whose last one is looked at too.
        weights: what is kept of the best look, by ``MERIT``.
    """

    merit: Tensor

    def __init__(self, *, steps: int, weights: Callable[[], Weights]) -> None:
        super().__init__()
        self.register_buffer("merit", torch.tensor(-torch.inf, dtype=torch.float64))
        self.steps = steps
        self._weights = weights
        self._looks: list[tuple[int, Look]] = []
        self._seen: tuple[int, dict[str, float]] | None = None
        self._best: Weights | None = None

    @classmethod
    def planned(
        cls, config: TrainingConfig, *, weights: Callable[[], Weights], tasks: Look | None, defects: Look | None
    ) -> Self:
        """The looks of a training.

        Args:
            config: how often.
            weights: as for the class.
            tasks: the look at tasks that are not learned from; ``None`` for none.
            defects: the look at real defects; ``None`` for none.
        """
        watch = cls(steps=config.run.steps, weights=weights)
        if tasks:
            watch.add(tasks, every=config.validating.every)
        if defects:
            watch.add(defects, every=config.real_validation.every)
        return watch

    def add(self, look: Look, *, every: int) -> None:
        """Has something looked at every so many steps: what it gives is logged as ``valid_...``."""
        self._looks.append((every, look))

    def facts(self, step: int) -> dict[str, float]:
        """What is to be logged of a step, from 0; empty at most of them."""
        last = step == self.steps - 1
        due = [look for every, look in self._looks if last or step % every == 0]
        if not due:
            return {}
        if self._seen is None or self._seen[0] != step:
            # Looks judge as detectors do, in single precision, whatever the training's.
            with torch.autocast(self.merit.device.type, enabled=False):
                found = {f"valid_{name}": float(value) for look in due for name, value in look().items()}
            self._seen = step, found
            self._keep_best(step, found)
        return self._seen[1]

    def beside(self, outcome: Outcome, step: int) -> Outcome:
        """What came of a batch, with what is to be logged of the step."""
        # Weights that have overflowed are not worth a look, which might fail before the loss is refused.
        if not outcome.loss.isfinite():
            return outcome
        return Outcome(outcome.loss, {**outcome.facts, **self.facts(step)})

    def take_best(self) -> Weights | None:
        """The weights of the best look if there was a better one since this was asked last."""
        best, self._best = self._best, None
        return best

    def _keep_best(self, step: int, found: Mapping[str, float]) -> None:
        if MERIT not in found or found[MERIT] <= float(self.merit):
            return
        self.merit.fill_(found[MERIT])
        tensors, facts = self._weights()
        told = {"step": str(step), MERIT: f"{found[MERIT]:.6f}"}
        self._best = {name: tensor.detach().clone() for name, tensor in tensors.items()}, facts | told
