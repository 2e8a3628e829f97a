"""An optimiser from its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import nn
    from torch.optim import Optimizer

    from tenshot.training.run_settings import OptimiserSettings

__all__ = ["build_optimiser", "set_rate"]


def build_optimiser(parameters: Iterable[nn.Parameter], settings: OptimiserSettings) -> Optimizer:
    """A new optimiser over parameters, at the rate it has once warmed up."""
    kind = torch.optim.AdamW if settings.name == "adamw" else torch.optim.Adam
    return kind(
        parameters,
        lr=settings.learning_rate,
        betas=settings.betas,
        eps=settings.epsilon,
        weight_decay=settings.weight_decay,
    )


def set_rate(optimiser: Optimizer, rate: float) -> None:
    """Sets the learning rate of all that an optimiser moves."""
    for group in optimiser.param_groups:
        group["lr"] = rate
