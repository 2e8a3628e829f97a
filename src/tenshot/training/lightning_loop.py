"""Lightning's side of the engine: importing this module imports Lightning, which takes seconds."""

from __future__ import annotations

import itertools
import signal
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning.fabric.plugins.io.checkpoint_io import CheckpointIO
from lightning.fabric.utilities.apply_func import move_data_to_device
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.strategies import DDPStrategy

from tenshot.core.errors import TenshotError, TrainingError
from tenshot.training.checkpoints import read_checkpoint
from tenshot.training.diary import Diary
from tenshot.training.machine import under_torchrun
from tenshot.training.manners import interrupts, one_at_a_time, silence
from tenshot.training.optimising import build_optimiser, set_rate
from tenshot.training.resuming import CONFIG
from tenshot.training.tally import Tally
from tenshot.training.together import Together

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

    from tenshot.training.checkpoints import Checkpoints
    from tenshot.training.course import Course
    from tenshot.training.lesson import Lesson, Outcome

__all__ = ["train"]

TALLY = "tally"
"""Where a checkpoint keeps the row of the log that is not full yet."""


def train(lesson: Lesson, course: Course, checkpoints: Checkpoints) -> bool:
    """Runs the loop; errors as ``engine.run`` has them, without the checkpoint's name.

    Returns:
        Whether all steps are done: not if it was asked to stop.
    """
    settings, place = course.settings, course.place
    backend = "gloo" if place.accelerator == "cpu" else "nccl"
    files = _Files(checkpoints)
    loop = _Loop(lesson, course, files)
    with one_at_a_time(), TemporaryDirectory() as folder, silence(), interrupts():
        trainer = Trainer(
            accelerator=place.accelerator,
            devices=place.processes,
            num_nodes=place.machines,
            strategy=_SideBySide(process_group_backend=backend) if place.world > 1 else "auto",
            precision=settings.precision,
            # Lightning would otherwise look for a cluster to join.
            plugins=[files, TorchElasticEnvironment() if under_torchrun() else LightningEnvironment()],
            max_steps=settings.steps,
            max_epochs=-1,
            accumulate_grad_batches=settings.accumulate,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            default_root_dir=folder,
        )
        # Every turn is the same; what is seen in it depends on the step alone.
        trainer.fit(loop, itertools.count(), ckpt_path=str(course.start.file) if course.start else None)
    return not loop.stopped


class _SideBySide(DDPStrategy):
    """Processes whose gradients the loop itself averages."""

    def configure_ddp(self) -> None:
        """Leaves the lesson as it is."""


class _Files(CheckpointIO):
    """Lightning's door to our checkpoints. A failure waits here, since the other processes wait behind the door."""

    def __init__(self, checkpoints: Checkpoints) -> None:
        self.checkpoints = checkpoints
        self.failure: TenshotError | None = None

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:  # noqa: ANN401, ARG002 - Lightning's
        try:
            self.checkpoints.save(checkpoint["global_step"], checkpoint)
        except TenshotError as error:
            self.failure = error

    def load_checkpoint(self, path: Any, *_: object, **__: object) -> dict[str, Any]:  # noqa: ANN401 - Lightning's
        return read_checkpoint(Path(path))

    def remove_checkpoint(self, path: Any) -> None:  # noqa: ANN401 - Lightning's
        Path(path).unlink(missing_ok=True)


class _Loop(LightningModule):
    """A lesson as Lightning wants it."""

    together: Together
    diary: Diary

    def __init__(self, lesson: Lesson, course: Course, files: _Files) -> None:
        super().__init__()
        self.lesson = lesson
        self.course = course
        self.files = files
        self.tally = Tally()
        self.stopped = False
        self._trained = list(lesson.trained())
        self._last_part = False
        self._sigterm = signal.getsignal(signal.SIGTERM)

    def configure_optimizers(self) -> Optimizer:
        return build_optimiser(self._trained, self.course.optimiser)

    def on_fit_start(self) -> None:
        self.together = Together(self.device)
        self.together.start_alike(self.lesson.state_dict().values())
        self.diary = Diary(self.lesson, self.course, self.tally, self.together)

    def on_train_start(self) -> None:
        if threading.current_thread() is threading.main_thread() and self._sigterm is not None:
            # Lightning's handler talks to the other processes in the middle of whatever they are saying.
            signal.signal(signal.SIGTERM, self._sigterm)
        with self.together.agreed():
            self.diary.begin(self.trainer.global_step)

    def training_step(self, turn: int, batch_idx: int) -> Tensor:  # noqa: ARG002 - Lightning's
        part = batch_idx % self.course.settings.accumulate
        self._last_part = part == self.course.settings.accumulate - 1
        with self.together.agreed():
            outcome = self._outcome(self.trainer.global_step, part)
        self.tally.note({"loss": outcome.loss.detach(), **outcome.facts})
        return outcome.loss

    def _outcome(self, step: int, part: int) -> Outcome:
        size = self.course.settings.episodes_per_step
        indices = range(part * size + self.together.rank, (part + 1) * size, self.together.world)
        with torch.no_grad(), torch.autocast(self.device.type, enabled=False):
            batch = self.lesson.batch(step, indices)
        if self.device.type != "cpu":
            batch = move_data_to_device(batch, self.device)
        outcome = self.lesson.outcome(batch, step)
        if not outcome.loss.isfinite():
            msg = f"loss: expected a number at step {step + 1}, got {float(outcome.loss.detach())}"
            raise TrainingError(msg)
        return outcome

    def on_after_backward(self) -> None:
        if self._last_part:
            self.together.average_gradients(self._trained)

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        rate = self.course.optimiser.rate(self.trainer.global_step, self.course.settings.steps)
        set_rate(optimizer, rate)
        self.tally.note({"learning_rate": rate})

    def configure_gradient_clipping(self, optimizer: Optimizer, *_: object, **__: object) -> None:  # noqa: ARG002
        trained = [parameter for parameter in self._trained if parameter.grad is not None]
        norm = torch.nn.utils.get_total_norm([parameter.grad for parameter in trained if parameter.grad is not None])
        with self.together.agreed():
            self._require_number(norm)
        if self.course.settings.clip is not None:
            torch.nn.utils.clip_grads_with_norm_(trained, self.course.settings.clip, norm)
        self.tally.note({"gradient_norm": norm})

    def _require_number(self, norm: Tensor) -> None:
        # In half precision a scale is sought for: steps whose gradients overflow are left out while it falls.
        scaler = getattr(self.trainer.precision_plugin, "scaler", None)
        if not norm.isfinite() and (scaler is None or scaler.get_scale() <= 1):
            msg = f"gradient: expected numbers at step {self.trainer.global_step + 1}, got a norm of {float(norm)}"
            raise TrainingError(msg)

    def on_train_batch_end(self, *_: object) -> None:
        if not self._last_part:
            return
        settings = self.course.settings
        done = self.trainer.global_step
        self.tally.end_step(self.together)
        stop = self.together.any(self.course.stop and self.course.stop()) and done < settings.steps
        with self.together.agreed():
            self.diary.after(done)
        if stop or done == settings.steps or done % settings.checkpoint_every == 0:
            self._save(done)
        self.diary.tell(done)
        self.stopped = self.trainer.should_stop = stop

    def _save(self, done: int) -> None:
        with self.together.agreed():
            self.diary.settle()
        self.trainer.save_checkpoint(self.files.checkpoints.file(done), weights_only=False)
        self.together.agree(self.files.failure)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint[CONFIG] = self.course.config
        checkpoint[TALLY] = self.tally.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.tally.load_state_dict(checkpoint[TALLY])
