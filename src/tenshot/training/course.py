"""What a run of the engine is given besides the lesson."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tenshot.training.checkpoints import Checkpoint
    from tenshot.training.log import Row
    from tenshot.training.machine import Place
    from tenshot.training.run_settings import OptimiserSettings, RunSettings

__all__ = ["Course", "Progress"]


class Progress(Protocol):
    """Who is told how a training goes; only the first of several processes tells."""

    def step(self, done: int, total: int) -> None:
        """Told where it begins, and after every step."""

    def row(self, row: Row) -> None:
        """Told every row of the log."""

    def remark(self, sentence: str) -> None:
        """Told what is worth knowing and no error."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """One run.

    Attributes:
        settings: how long and how.
        optimiser: how weights move.
        place: where it runs.
        out: the folder of results.
        config: everything that decides the training, in plain types.
        start: the checkpoint it goes on from.
        progress: who is told.
        stop: asked after every step; true ends the training with a checkpoint.
    """

    settings: RunSettings
    optimiser: OptimiserSettings
    place: Place
    out: Path
    config: dict[str, Any]
    start: Checkpoint | None
    progress: Progress | None
    stop: Callable[[], bool] | None
