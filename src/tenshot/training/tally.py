"""Means of what is logged: over the batches of a step, over processes, and over the steps of a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from tenshot.training.log import Row
    from tenshot.training.together import Together

__all__ = ["Tally"]


class Tally:
    """Collects figures and gives rows of their means."""

    def __init__(self) -> None:
        self._step: dict[str, list[float]] = {}
        self._row: dict[str, tuple[float, int]] = {}

    def note(self, facts: Mapping[str, float | Tensor]) -> None:
        """Takes figures of a batch."""
        for name, value in facts.items():
            self._step.setdefault(name, []).append(float(value))

    def end_step(self, together: Together) -> None:
        """Takes what was noted of a step, the mean over its batches and all processes, into the row."""
        means = together.mean([sum(values) / len(values) for values in self._step.values()])
        for name, mean in zip(self._step, means, strict=True):
            total, count = self._row.get(name, (0.0, 0))
            self._row[name] = (total + mean, count + 1)
        self._step = {}

    def end_row(self) -> Row:
        """The means over all steps since the last row, each over the steps that have it."""
        row = {name: total / count for name, (total, count) in self._row.items()}
        self._row = {}
        return row

    def state_dict(self) -> dict[str, Any]:
        """The row so far."""
        return dict(self._row)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on with such a row."""
        self._row = dict(state)
