"""Where an image is wrong: the paper's gradient of the energy, and the residual per position."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["gaussian_blur", "gradient_map", "upsample"]


def gradient_map(energy: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """The gradient map of Algorithm 2: magnitude of -∇ₓE, summed over colour channels.

    Args:
        energy: ``(B, 3, H, W)`` to ``(B,)``, differentiable; the *summed* energy, whose gradient does not depend on the
            size of the map.
        images: ``(B, 3, H, W)``.

    Returns:
        ``(B, H, W)``, at least 0; larger = more anomalous; energy per unit of pixel value.
    """
    with torch.inference_mode(mode=False), torch.enable_grad():
        x = images.detach().clone().requires_grad_()
        (gradient,) = torch.autograd.grad(energy(x).sum(), x)
    return gradient.abs().sum(dim=1)


def upsample(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """``(B, h', w')`` to ``(B, H, W)``, bilinear: every position stands at the centre of the pixels it looks at."""
    return F.interpolate(maps[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]


def gaussian_blur(maps: Tensor, sigma: float) -> Tensor:
    """Gaussian smoothing with reflected borders.

    Args:
        maps: ``(B, H, W)``.
        sigma: standard deviation in pixels of the map; 0 leaves the maps as they are.
    """
    if sigma <= 0:
        return maps
    radius = min(math.ceil(3 * sigma), min(maps.shape[-2:]) - 1)
    offsets = torch.arange(-radius, radius + 1, device=maps.device, dtype=maps.dtype)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = kernel / kernel.sum()
    padded = F.pad(maps[:, None], (radius, radius, radius, radius), mode="reflect")
    return F.conv2d(F.conv2d(padded, kernel.view(1, 1, 1, -1)), kernel.view(1, 1, -1, 1))[:, 0]
