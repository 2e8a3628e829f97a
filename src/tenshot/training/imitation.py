"""How far a network is from seeing what its teacher sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["cosine_distance", "drawn_positions", "similarity_distance"]

LEAST_VARIANCE = 0.01
"""Of the teacher's cosines. Where all positions look alike there is little geometry to learn, and it must not count a
hundredfold."""


def cosine_distance(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean of 1 - cos over positions, of a regression from the student's features.

    Args:
        student: ``(B, c, h', w')``, regressed to the teacher's channels.
        teacher: ``(B, c, h', w')``.

    Returns:
        A scalar in [0, 2]; 0 = the same directions.
    """
    return (1 - F.cosine_similarity(student, teacher, dim=1)).mean()


def similarity_distance(student: Tensor, teacher: Tensor, positions: Tensor) -> Tensor:
    """Mean squared difference between cosines of pairs of positions, over the variance of the teacher's (or 0.01).

    The geometry itself, with nothing between: distances between features are what detectors work with. Similarity
    preserving distillation (Tung and Mori, 2019), of positions instead of pictures.

    Args:
        student: ``(B, c, h', w')``.
        teacher: ``(B, c', h', w')``.
        positions: ``(n,)`` int64 places among the B · h' · w'.

    Returns:
        A scalar, at least 0; 1 = as far off as the mean of all cosines would be.
    """
    mine, wanted = (_cosines(each, positions) for each in (student, teacher))
    return (mine - wanted).square().mean() / wanted.var().clamp(min=LEAST_VARIANCE)


def drawn_positions(z: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """At most ``count`` of the positions of ``(B, c, h', w')`` features, ``(n,)`` int64; drawn on the CPU."""
    places = z.shape[0] * z.shape[-2] * z.shape[-1]
    return torch.randperm(places, generator=generator)[:count].to(z.device)


def _cosines(z: Tensor, positions: Tensor) -> Tensor:
    """``(n, n)``."""
    rows = F.normalize(z.permute(0, 2, 3, 1).flatten(0, 2)[positions], dim=1)
    return rows @ rows.T
