"""Rectangles inside pictures, and what a blur leaves of one."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Place", "blurred"]

REACH = 3
"""How many standard deviations a blur looks around."""


class Place(NamedTuple):
    """A rectangle inside a picture."""

    top: int
    left: int
    height: int
    width: int

    def of(self, picture: Tensor) -> Tensor:
        """The rectangle as a view of ``(..., H, W)``."""
        return picture[..., self.top : self.top + self.height, self.left : self.left + self.width]


def blurred(picture: Tensor, place: Place, sigma: float) -> Tensor:
    """The place as it is in the blurred picture: surroundings flow in, at the border what there is of them.

    Args:
        picture: ``(C, H, W)``.
        place: ``(h, w)`` of it.
        sigma: standard deviation of the Gaussian, in pixels, above 0.

    Returns:
        ``(C, h, w)``.
    """
    rows, columns = picture.shape[-2:]
    down, upper = _smoothing(place.top, place.height, rows, sigma)
    across, before = _smoothing(place.left, place.width, columns, sigma)
    window = picture[:, upper : upper + down.shape[1], before : before + across.shape[1]]
    return down.to(picture) @ window @ across.to(picture).T


def _smoothing(start: int, length: int, limit: int, sigma: float) -> tuple[Tensor, int]:
    """Gaussian weights ``(length, n)`` of the n pixels of one axis that are looked at, and the first of these."""
    reach = math.ceil(REACH * sigma)
    first, end = max(start - reach, 0), min(start + length + reach, limit)
    offsets = torch.arange(start, start + length)[:, None] - torch.arange(first, end)
    weights = torch.exp(-0.5 * (offsets / sigma) ** 2).masked_fill(offsets.abs() > reach, 0.0)
    return weights / weights.sum(dim=1, keepdim=True), first
