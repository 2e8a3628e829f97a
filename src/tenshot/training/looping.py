"""Lightning's side of ``fitting``: importing this module imports Lightning, which takes seconds."""

from __future__ import annotations

from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Generic, TypeVar

from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch import Callback, LightningModule, Trainer

from tenshot.training.manners import interrupts, one_at_a_time, silence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from torch import Tensor
    from torch.optim import Optimizer

    from tenshot.training.fitting import Objective

__all__ = ["run"]

Batch = TypeVar("Batch")


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
    with one_at_a_time(), TemporaryDirectory() as folder, silence(), interrupts():
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

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        self.objective.prepare(optimizer)


class _Report(Callback):
    """Tells the caller how far training is."""

    def __init__(self, progress: Callable[[int, int], None], steps: int) -> None:
        self.progress = progress
        self.steps = steps

    def on_train_batch_end(self, trainer: Trainer, *_: object) -> None:
        self.progress(trainer.global_step, self.steps)
