"""Randomness without a state: what is drawn follows from the seed, the step and the place within the step.

A training that was killed has nothing to restore, and processes that share a step need not agree on who draws first.
"""

from __future__ import annotations

import hashlib

import numpy as np
import torch

__all__ = ["numpy_generator", "torch_generator"]


def numpy_generator(purpose: str, *numbers: int) -> np.random.Generator:
    """A generator for one purpose at one place, say ``("episode", seed, step, index)``; the same always draws the same.

    >>> float(numpy_generator("episode", 0, 7, 1).random()) == float(numpy_generator("episode", 0, 7, 1).random())
    True
    """
    return np.random.Generator(np.random.PCG64(_digest(purpose, numbers)))


def torch_generator(purpose: str, *numbers: int) -> torch.Generator:
    """As ``numpy_generator``, for tensors; on the CPU, so that every device sees the same draws."""
    return torch.Generator().manual_seed(_digest(purpose, numbers) >> 1)


def _digest(purpose: str, numbers: tuple[int, ...]) -> int:
    """64 bits; hashed, so that neighbouring steps and seeds have nothing in common."""
    text = "/".join([purpose, *map(str, numbers)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
