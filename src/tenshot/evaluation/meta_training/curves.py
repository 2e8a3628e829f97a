"""Learning curves: variants of a training, with the same episodes and the same start, a process a training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenshot.evaluation.benchmark.workers import run_jobs
from tenshot.evaluation.ledger import Ledger, write_whole
from tenshot.evaluation.machine import code_digest
from tenshot.evaluation.meta_training.curve_page import curve_page
from tenshot.evaluation.meta_training.curve_picture import curve_picture
from tenshot.evaluation.meta_training.desk import Training, train
from tenshot.evaluation.meta_training.setting import changed, configured, parse_source, recorded
from tenshot.evaluation.meta_training.variants import USUAL, VARIANTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tenshot.evaluation.ledger import Cell
    from tenshot.training.settings import TrainingConfig

    Tell = Callable[[str], None]

__all__ = ["TRAINING_ROOMS", "run_curves"]

TRAINING_ROOMS = (
    *("core", "data", "metrics", "features", "coding", "energy", "losses", "negatives", "sampling"),
    "training",
)
"""Whose code decides a training."""

ROWS, LOOKS = 30, 5
TITLE = "curves"


def run_curves(
    out: Path,
    *,
    train_on: Sequence[str],
    watch: Sequence[str],
    steps: int,
    seeds: int,
    jobs: int,
    changes: Sequence[str] = (),
    tell: Tell,
) -> None:
    """Trains what is missing and writes ``out``, its JSON file and its picture; finished trainings are kept.

    Args:
        out: the Markdown file.
        train_on: sources of tasks to learn from, as ``setting.parse_source`` reads them.
        watch: sources of tasks that are watched only.
        steps: of each training.
        seeds: how many trainings of each variant.
        jobs: trainings at a time, one thread each.
        changes: of the base's settings.
        tell: told how far the run is.

    Raises:
        InputError: for settings that cannot be.
        MissingError: for folders that are not there.
        OutputError: if the results cannot be written.
    """
    base = _base(train_on, watch, steps, changes)
    ledger = Ledger(
        out.with_suffix(".json"), title=TITLE, settings={"base": recorded(base), "code": code_digest(TRAINING_ROOMS)}
    )
    if ledger.dropped:
        tell(f"{ledger.file}: {ledger.dropped} trainings were made by other code or settings and are dropped")
    wanted = [
        job
        for job in _trainings(base, seeds)
        if not ledger.has(variant=job.variant, changes=list(job.changes), seed=job.seed)
    ]
    tell(f"{len(wanted)} of {seeds * len(VARIANTS)} trainings to do, {jobs} at a time")
    run_jobs(wanted, desk=train, foreman=_Foreman(ledger, tell), count=jobs)
    picture = out.with_suffix(".svg")
    write_whole(picture, curve_picture(ledger.cells))
    write_whole(out, curve_page(ledger, picture=picture.name))


def _base(train_on: Sequence[str], watch: Sequence[str], steps: int, changes: Sequence[str]) -> TrainingConfig:
    sources = [parse_source(text) for text in train_on]
    held_out = [parse_source(text, held_out=True) for text in watch]
    config = configured(sources, held_out, usual=USUAL, changes=changes)
    run = config.run.model_copy(
        update={
            "steps": steps,
            "accelerator": "cpu",
            "processes": 1,
            "log_every": max(1, steps // ROWS),
            "check_every": max(1, steps // ROWS),
            "checkpoint_every": steps,
            "pictures_every": 0,
        }
    )
    looks = config.validating.model_copy(update={"every": max(2, steps // LOOKS)})
    return config.model_copy(update={"run": run, "validating": looks})


def _trainings(base: TrainingConfig, seeds: int) -> Iterator[Training]:
    """Seed by seed, so that what was stopped has all variants of the seeds that it has."""
    for seed in range(seeds):
        for variant in VARIANTS:
            sown = (*variant.changes, f"seed={seed}", f"network.seed={seed}")
            yield Training(variant.name, variant.changes, seed, changed(base, sown))


class _Foreman:
    """Keeps what the workers give."""

    def __init__(self, ledger: Ledger, tell: Tell) -> None:
        self.ledger = ledger
        self.tell = tell

    def may_start(self, job: Training) -> bool:  # noqa: ARG002 - none waits for another
        """Whether everything a training needs is there."""
        return True

    def progress(self, job: Training, done: int, total: int) -> None:
        """Tells every third of a training."""
        if done * 3 // total != (done - 1) * 3 // total and done < total:
            self.tell(f"  {job.label}: step {done} of {total}")

    def finished(self, job: Training, result: Cell) -> None:
        """Keeps a training."""
        self.ledger.add(result)
        self.tell(f"  {job.label}: {result['stopped'] or 'done'}")
