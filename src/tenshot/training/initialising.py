"""Initial weights from a generator instead of torch's global one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["initialise"]

Network = TypeVar("Network", bound=nn.Module)


def initialise(build: Callable[[], Network], generator: torch.Generator, *, slope: float = 0.0) -> Network:
    """Builds a network and draws the weights of its convolutions; torch's global generator stays where it was.

    Weights are normal with the variance that keeps that of a signal through rectifiers (He et al. 2015), biases 0.

    Args:
        build: makes the network.
        generator: what is drawn from.
        slope: of the leaky rectifiers between the convolutions, on their negative side.
    """
    with torch.random.fork_rng(devices=[]):
        network = build()
    gain = math.sqrt(2 / (1 + slope**2))
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, std=gain / math.sqrt(_terms(module)), generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return network


def _terms(module: nn.Conv2d | nn.ConvTranspose2d) -> float:
    """How many products are summed up for one output."""
    window: float = math.prod(module.kernel_size)
    if isinstance(module, nn.ConvTranspose2d):
        # Windows overlap as often as they are larger than the stride; one without a stride unfolds a single position.
        strides = math.prod(module.stride)
        window = 1 if strides == 1 else window / strides
    return module.in_channels * window
