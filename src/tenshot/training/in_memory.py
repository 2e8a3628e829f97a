"""A lesson without the engine: trained in memory, silently, without files, logs or checkpoints."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import torch

from tenshot.core.errors import TrainingError
from tenshot.training.fitting import Objective
from tenshot.training.optimising import build_optimiser, set_rate
from tenshot.training.tally import Tally
from tenshot.training.together import Together

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor
    from torch.optim import Optimizer

    from tenshot.training.lesson import Lesson
    from tenshot.training.log import Row
    from tenshot.training.run_settings import OptimiserSettings, RunSettings

__all__ = ["LessonObjective"]


class LessonObjective(Objective[tuple[int, Any]]):
    """What ``fit`` needs of a lesson: the engine's batches, rates, clipping and search for a collapse.

    Args:
        lesson: what is trained.
        run: how long, how many episodes a step, at which norm gradients are clipped, how often it looks; nothing else
            of it matters here.
        optimiser: how weights move.
    """

    def __init__(self, lesson: Lesson, *, run: RunSettings, optimiser: OptimiserSettings) -> None:
        super().__init__()
        self.lesson = lesson
        self.run = run
        self.how = optimiser
        lesson.freeze_others()
        self._trained = list(lesson.trained())
        self._step = 0
        self._tally = Tally()
        self._alone = Together(torch.device("cpu"))
        self._history: list[Row] = []

    def batches(self) -> Iterator[tuple[int, Any]]:
        """What the steps see, each with its number, without an end."""
        indices = range(self.run.episodes_per_step * self.run.accumulate)
        return ((step, self.lesson.batch(step, indices)) for step in itertools.count())

    def loss(self, batch: tuple[int, Any]) -> Tensor:
        """The lesson's loss; see ``Objective.loss``.

        Raises:
            TrainingError: for a loss that is no number, and for a collapse.
        """
        self._step, seen = batch
        outcome = self.lesson.outcome(seen, self._step)
        self._require_number("loss", float(outcome.loss.detach()))
        self._tally.note({"loss": outcome.loss.detach(), **outcome.facts})
        self._tally.end_step(self._alone)
        self._look(self._step + 1)
        return outcome.loss

    def optimiser(self) -> Optimizer:
        """See ``Objective.optimiser``."""
        return build_optimiser(self._trained, self.how)

    def prepare(self, optimiser: Optimizer) -> None:
        """Sets the step's rate and shortens the gradients; see ``Objective.prepare``.

        Raises:
            TrainingError: for gradients that are no numbers.
        """
        set_rate(optimiser, self.how.rate(self._step, self.run.steps))
        norm = torch.nn.utils.clip_grad_norm_(self._trained, self.run.clip or math.inf)
        self._require_number("gradient norm", float(norm))

    def _look(self, done: int) -> None:
        """Closes a row of the history, and looks for a collapse in it, when the settings say so."""
        if done % self.run.log_every == 0:
            self._history.append({"step": done, **self._tally.end_row()})
        if done % self.run.check_every == 0:
            self.lesson.check(done, self._history)

    def _require_number(self, what: str, value: float) -> None:
        if not math.isfinite(value):
            msg = f"{what}: expected a number at step {self._step + 1}, got {value}"
            raise TrainingError(msg)
