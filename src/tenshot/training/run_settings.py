"""How a training runs: how weights move, for how long, where, and what is written down meanwhile."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tenshot.core.config import Settings

__all__ = ["OptimiserSettings", "RunSettings"]

Count = Annotated[int, Field(ge=1)]
Moment = Annotated[float, Field(ge=0, lt=1)]


class OptimiserSettings(Settings):
    """How the weights move.

    Attributes:
        name: ``adam``, or ``adamw``, whose weight decay is not scaled by the gradient's moments.
        learning_rate: α, once warmed up.
        betas: of the two running moments.
        epsilon: added to the root of the second moment. Where gradients are smaller, weights move by less than α, and
            rounding decides less.
        weight_decay: 0 for none.
        warmup: steps over which the rate rises linearly to ``learning_rate``.
        decay: ``none``, or ``cosine``: after the warm-up, down to ``final_share`` at the last step.
        final_share: of ``learning_rate``, where ``cosine`` ends.
    """

    name: Literal["adam", "adamw"] = "adam"
    learning_rate: Annotated[float, Field(gt=0)] = 3e-4
    betas: tuple[Moment, Moment] = (0.9, 0.999)
    epsilon: Annotated[float, Field(gt=0)] = 1e-8
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    warmup: Annotated[int, Field(ge=0)] = 0
    decay: Literal["none", "cosine"] = "none"
    final_share: Annotated[float, Field(ge=0, le=1)] = 0.0

    def rate(self, step: int, steps: int) -> float:
        """The learning rate of a step.

        Args:
            step: counted from 0.
            steps: of the whole training.
        """
        if step < self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        if self.decay == "none":
            return self.learning_rate
        done = min((step - self.warmup) / max(steps - 1 - self.warmup, 1), 1.0)
        share = self.final_share + (1 - self.final_share) * (1 + math.cos(math.pi * done)) / 2
        return self.learning_rate * share


class RunSettings(Settings):
    """How long, how, and what is written down.

    Attributes:
        steps: of the optimiser.
        episodes_per_step: of a batch, shared out among the processes.
        accumulate: batches whose gradients are averaged into one step: a step sees ``episodes_per_step * accumulate``
            episodes, whatever the processes.
        clip: norm that the gradient is shortened to; ``None`` to leave it.
        precision: ``32-true``; ``bf16-mixed`` and ``16-mixed`` where the device has them.
        accelerator: ``auto`` takes CUDA where it is, else the CPU.
        processes: that compute side by side, a GPU each with CUDA; under torchrun its own number counts.
        log_every: steps between rows of the log, each the mean over them.
        check_every: steps between looks for a collapse.
        checkpoint_every: steps between checkpoints; the two newest are kept.
        pictures_every: steps between sheets of pictures; 0 for none.
    """

    steps: Count = 2000
    episodes_per_step: Count = 4
    accumulate: Count = 1
    clip: Annotated[float, Field(gt=0)] | None = 1.0
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    accelerator: Literal["auto", "cpu", "cuda"] = "auto"
    processes: Count = 1
    log_every: Count = 10
    check_every: Count = 50
    checkpoint_every: Count = 100
    pictures_every: Annotated[int, Field(ge=0)] = 500

    @model_validator(mode="after")
    def _shared_out(self) -> Self:
        if self.episodes_per_step % self.processes:
            episodes = self.episodes_per_step
            msg = f"episodes_per_step: expected a multiple of processes = {self.processes}, got {episodes}"
            raise ValueError(msg)
        return self
