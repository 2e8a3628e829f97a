"""Decoded images as the tensors that networks see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F

if TYPE_CHECKING:
    from torch import Tensor

    from tenshot.core.types import Image

__all__ = ["resized", "to_tensor"]

FULL_SCALE = {torch.uint8: 255.0, torch.uint16: 65535.0, torch.float32: 1.0}


def to_tensor(image: Image) -> Tensor:
    """Pixels as ``(3, H, W)`` float32 in [0, 1]; grey is repeated."""
    raw = torch.tensor(image.pixels)
    pixels = raw.permute(2, 0, 1).to(torch.float32) / FULL_SCALE[raw.dtype]
    return pixels.expand(3, -1, -1)


def resized(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    """Resizes with antialiasing, values kept in [0, 1].

    Args:
        pixels: ``(C, H, W)`` in [0, 1].
        size: ``(h, w)``; pixels that have it already come back as they are.
    """
    if tuple(pixels.shape[-2:]) == size:
        return pixels
    scaled = F.interpolate(pixels[None], size=size, mode="bilinear", antialias=True, align_corners=False)
    return scaled[0].clamp(0, 1)
