"""One way to train: an objective, batches, and how many steps. Lightning runs the loop.

Deterministic: the same start, the same batches and the same number of threads give the same weights to the bit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Generic, TypeVar

import torch
from torch import nn

from tenshot.core.errors import InputError
from tenshot.training.manners import lightning_needed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from torch import Tensor
    from torch.optim import Optimizer

__all__ = ["Objective", "fit"]

Batch = TypeVar("Batch")


class Objective(nn.Module, ABC, Generic[Batch]):
    """What training lowers. The networks to be trained are its submodules."""

    @abstractmethod
    def loss(self, batch: Batch) -> Tensor:
        """The loss of a batch, a scalar with a gradient; smaller is better."""

    @abstractmethod
    def optimiser(self) -> Optimizer:
        """A new optimiser over what is trained."""

    def prepare(self, optimiser: Optimizer) -> None:
        """Called between the gradients of a step and the step: the place to change the rate or shorten the gradients.

        Args:
            optimiser: which is about to move what is trained.
        """


def fit(
    objective: Objective[Batch],
    batches: Iterable[Batch],
    *,
    steps: int,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Trains an objective's networks in place, on the CPU, and leaves them in evaluation mode.

    Writes no files and prints nothing. Threads that train wait for one another. An interrupt (Ctrl+C) arrives at the
    caller as ``KeyboardInterrupt``.

    Args:
        objective: what is lowered.
        batches: at least ``steps`` of them, or without an end; one more than needed may be drawn.
        steps: of the optimiser, at least 0; 0 leaves the networks as they are.
        progress: called after every step with the steps done and their total.

    Raises:
        InputError: for a negative number of steps, or fewer batches than steps.
        MissingError: without Lightning.
    """
    if steps < 0:
        msg = f"steps: expected a number from 0, got {steps}"
        raise InputError(msg)
    if steps:
        with lightning_needed():
            from tenshot.training.looping import run
        objective.train()
        with torch.inference_mode(mode=False), torch.enable_grad():
            done = run(objective, batches, steps=steps, progress=progress)
        if done < steps:
            msg = f"batches: expected at least {steps}, one for each step, got {done}"
            raise InputError(msg)
    objective.eval()
