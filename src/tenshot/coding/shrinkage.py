"""Shrinkage functions σ of the sparse coder (Eqs. 7 and 9)."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["sigshrink", "soft_shrink"]


def soft_shrink(x: Tensor, threshold: Tensor | float) -> Tensor:
    """Soft shrinkage, Eq. 7: ``sgn(x) · max(|x| - threshold, 0)``.

    Args:
        x: any shape.
        threshold: at least 0, broadcast against ``x``.
    """
    return torch.sign(x) * torch.relu(x.abs() - threshold)


def sigshrink(x: Tensor, threshold: Tensor | float, *, sharpness: Tensor | float) -> Tensor:
    """Sigmoid shrinkage, Eq. 9: ``x / (1 + exp(-τ (|x| - threshold)))``.

    Small values are damped instead of cut, so that gradients never vanish. It does not shift large values towards zero
    as soft shrinkage does; its limit for a large τ is *hard* shrinkage.

    Args:
        x: any shape.
        threshold: where an input is halved; broadcast against ``x``.
        sharpness: τ > 0, in units of 1 / ``x``; broadcast against ``x``.
    """
    return x * torch.sigmoid(sharpness * (x.abs() - threshold))
