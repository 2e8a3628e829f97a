"""Lightning's side of ``fitting``: importing this module imports Lightning, which takes seconds."""

from __future__ import annotations

import logging
import threading
import warnings
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Generic, TypeVar

from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch import Callback, LightningModule, Trainer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from torch import Tensor
    from torch.optim import Optimizer

    from tenshot.training.fitting import Objective

__all__ = ["run"]

Batch = TypeVar("Batch")

# Warnings and signals, which a run switches for its time, belong to the whole process.
ONE_AT_A_TIME = threading.RLock()
CHATTER = ("lightning.pytorch.utilities.rank_zero", "lightning.fabric.utilities.rank_zero")


def run(
    objective: Objective[Batch],
    batches: Iterable[Batch],
    *,
    steps: int,
    progress: Callable[[int, int], None] | None,
) -> int:
    """Runs the loop; arguments as for ``fitting.fit``, with ``steps`` at least 1.

    Returns:
        Steps done: fewer than wanted if the batches ran out.
    """
    with ONE_AT_A_TIME, TemporaryDirectory() as folder, _in_silence(), _interrupts():
        trainer = Trainer(
            accelerator="cpu",
            devices=1,
            # Lightning would otherwise look for a cluster to join.
            plugins=LightningEnvironment(),
            max_steps=steps,
            max_epochs=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            default_root_dir=folder,
            callbacks=[_Report(progress, steps)] if progress else None,
        )
        # A list would be taken for several data sets, to be read side by side.
        trainer.fit(_Loop(objective), train_dataloaders=iter(batches))
    return trainer.global_step


class _Loop(LightningModule, Generic[Batch]):
    """An objective as Lightning wants it."""

    def __init__(self, objective: Objective[Batch]) -> None:
        super().__init__()
        self.objective = objective

    def training_step(self, batch: Batch) -> Tensor:
        return self.objective.loss(batch)

    def configure_optimizers(self) -> Optimizer:
        return self.objective.optimiser()


class _Report(Callback):
    """Tells the caller how far training is."""

    def __init__(self, progress: Callable[[int, int], None], steps: int) -> None:
        self.progress = progress
        self.steps = steps

    def on_train_batch_end(self, trainer: Trainer, *_: object) -> None:
        self.progress(trainer.global_step, self.steps)


@contextmanager
def _in_silence() -> Iterator[None]:
    """Drops Lightning's remarks below warnings, of this thread alone."""
    mine = threading.get_ident()

    def worth_saying(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING or record.thread != mine

    loggers = [logging.getLogger(name) for name in CHATTER]
    for logger in loggers:
        logger.addFilter(worth_saying)
    try:
        with warnings.catch_warnings():
            # Lightning 2.6 asks torch's trees a question that newer versions of torch want put differently.
            warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
            # Frozen parts of an objective never leave evaluation mode.
            warnings.filterwarnings("ignore", message=".*in eval mode at the start of training.*")
            yield
    finally:
        for logger in loggers:
            logger.removeFilter(worth_saying)


@contextmanager
def _interrupts() -> Iterator[None]:
    """An interrupt stays one: Lightning makes it the end of the process."""
    try:
        yield
    except SystemExit as stop:
        if isinstance(stop.__context__, KeyboardInterrupt):
            raise stop.__context__ from None
        raise
