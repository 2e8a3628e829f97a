"""One training of one variant, in a worker: from its configuration to its curves."""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tenshot.core.errors import TrainingError
from tenshot.training.engine import run
from tenshot.training.lessons import build_lesson
from tenshot.training.settings import TrainingConfig  # noqa: TC001 - travels through a pipe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tenshot.evaluation.ledger import Cell

__all__ = ["Training", "train"]

LOOK = "valid_"
LEFT_OUT = {"learning_rate", "seconds"}
DIGITS = 4


@dataclass(frozen=True, slots=True)
class Training:
    """What a worker is to train.

    Attributes:
        variant: its name.
        changes: that make the variant.
        seed: of episodes, corruption and the network's start.
        config: of the training, with variant and seed.
    """

    variant: str
    changes: tuple[str, ...]
    seed: int
    config: TrainingConfig

    @property
    def label(self) -> str:
        """For people."""
        return f"{self.variant}, seed {self.seed}"


def train(job: Training, progress: Callable[[int, int], None]) -> Cell:
    """Trains and gives the curves; the weights are dropped.

    A training that collapses, or whose loss is no number, gives the curves up to there and the reason.

    Args:
        job: what is trained.
        progress: called with (done, total) after every step.

    Returns:
        A record: ``rows``, figures by ``step``, each the mean since the row before, and ``looks``, those of unseen
        tasks by the steps ``after`` which they were taken; ``cpu_seconds`` of a step, the median, whoever else kept
        the machine busy; ``stopped``, the reason or ``None``.
    """
    watch, stopped = _Watch(progress), None
    with tempfile.TemporaryDirectory(prefix="tenshot-curves-") as folder:
        lesson = build_lesson(job.config, Path())
        try:
            run(
                lesson,
                settings=job.config.run,
                optimiser=job.config.optimiser,
                out=Path(folder),
                config=job.config.model_dump(mode="json"),
                progress=watch,
            )
        except TrainingError as error:
            # The cause is the sentence without the checkpoint, which is gone.
            if not isinstance(error.__cause__, TrainingError):
                raise
            stopped = str(error.__cause__)
    looks = [row for row in watch.rows if any(name.startswith(LOOK) for name in row)]
    return {
        "variant": job.variant,
        "changes": list(job.changes),
        "seed": job.seed,
        "stopped": stopped,
        "cpu_seconds": _rounded(statistics.median(watch.seconds)) if watch.seconds else None,
        "rows": _columns(watch.rows, looked=False),
        "looks": {
            "after": [_look_before(row["step"], job.config) for row in looks],
            **_columns(looks, looked=True),
        },
    }


class _Watch:
    """Keeps every row of the log, and what each step costs."""

    def __init__(self, progress: Callable[[int, int], None]) -> None:
        self.rows: list[dict[str, float]] = []
        self.seconds: list[float] = []
        self._progress = progress
        self._since = 0.0

    def step(self, done: int, total: int) -> None:
        """Told where it begins, and after every step."""
        now = time.process_time()
        if done:
            self.seconds.append(now - self._since)
            self._progress(done, total)
        self._since = now

    def row(self, row: Mapping[str, float]) -> None:
        """Told every row of the log."""
        self.rows.append(dict(row))

    def remark(self, sentence: str) -> None:
        """Told what is worth knowing; nothing of it is here."""


def _columns(rows: Sequence[Mapping[str, float]], *, looked: bool) -> dict[str, list[float | None]]:
    """Figures by name, of looks or of the training itself; ``None`` where a row lacks one."""
    every = dict.fromkeys(name for row in rows for name in row if name not in LEFT_OUT)
    names = [name for name in every if name.startswith(LOOK) == looked]
    return {name: [_rounded(row[name]) if name in row else None for row in rows] for name in names}


def _look_before(step: float, config: TrainingConfig) -> int:
    """Steps that were done at the last look before a step was."""
    every, last = config.validating.every, config.run.steps - 1
    return last if step > last else int(step - 1) // every * every


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
