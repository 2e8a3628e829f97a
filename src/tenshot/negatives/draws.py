"""Single numbers that a generator decides, drawn where the generator is."""

from __future__ import annotations

import math

import torch

__all__ = ["chance", "index", "log_uniform", "normal", "sign", "uniform"]


def uniform(bounds: tuple[float, float], generator: torch.Generator) -> float:
    """A number from U(low, high)."""
    draw = float(torch.rand((), generator=generator, device=generator.device, dtype=torch.float64))
    return bounds[0] + (bounds[1] - bounds[0]) * draw


def log_uniform(bounds: tuple[float, float], generator: torch.Generator) -> float:
    """A number whose logarithm is uniform between those of two positive bounds."""
    return math.exp(uniform((math.log(bounds[0]), math.log(bounds[1])), generator))


def normal(generator: torch.Generator) -> float:
    """A number from N(0, 1)."""
    return float(torch.randn((), generator=generator, device=generator.device, dtype=torch.float64))


def index(count: int, generator: torch.Generator) -> int:
    """One of ``range(count)``, each equally likely."""
    return int(torch.randint(count, (), generator=generator, device=generator.device))


def chance(probability: float, generator: torch.Generator) -> bool:
    """True as often as asked, from 0 = never to 1 = always."""
    return uniform((0.0, 1.0), generator) < probability


def sign(generator: torch.Generator) -> int:
    """1 or -1."""
    return 1 if chance(0.5, generator) else -1
