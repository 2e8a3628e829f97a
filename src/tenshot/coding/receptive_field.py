"""Sparse coding with a receptive field (Section 3.1.1): code l x l volumes of features instead of single positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn import functional as F

from tenshot.core.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["gather_volumes"]


def gather_volumes(z: Tensor, field: int) -> Tensor:
    """The l x l volume around every position (im2col), border features repeated outwards.

    Args:
        z: ``(B, d, h', w')``.
        field: l, odd; 1 returns ``z`` itself.

    Returns:
        ``(B, d · l², h', w')``.

    Raises:
        InputError: for an even or non-positive field.
    """
    if field < 1 or field % 2 == 0:
        msg = f"receptive field: expected an odd number from 1, got {field}"
        raise InputError(msg)
    if field == 1:
        return z
    batch, _, height, width = z.shape
    margin = field // 2
    # Zeros would make border volumes look alike whatever the image shows.
    padded = F.pad(z, (margin, margin, margin, margin), mode="replicate")
    return F.unfold(padded, field).view(batch, -1, height, width)
