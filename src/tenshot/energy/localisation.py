"""Where an image is wrong: the paper's gradient of the energy, and the residual per position."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["gaussian_blur", "gradient_map", "upsample", "worst_mean"]


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


def upsample(maps: Tensor, size: tuple[int, int], *, sigma: float = 0.0) -> Tensor:
    """Bilinear upsampling followed by Gaussian smoothing.

    Both are linear and separable, so the two together are one small matrix per axis instead of convolutions at full
    resolution.

    Args:
        maps: ``(B, h', w')``; every position stands at the centre of the pixels it looks at.
        size: ``(h, w)`` of the result.
        sigma: as in ``gaussian_blur``.

    Returns:
        ``(B, h, w)``.
    """
    rows = _axis_operator(maps.shape[-2], size[0], sigma).to(maps)
    columns = _axis_operator(maps.shape[-1], size[1], sigma).to(maps)
    return rows @ maps @ columns.T


@lru_cache(maxsize=32)
def _axis_operator(positions: int, pixels: int, sigma: float) -> Tensor:
    """``(pixels, positions)``: what upsampling and smoothing do to one axis."""
    with torch.inference_mode(mode=False), torch.no_grad():
        units = torch.eye(positions)[:, None]
        lines = F.interpolate(units, size=pixels, mode="linear", align_corners=False)[:, 0]
        return _blur_last_axis(lines, sigma).T.contiguous()


def gaussian_blur(maps: Tensor, sigma: float) -> Tensor:
    """Gaussian smoothing with reflected borders.

    Args:
        maps: ``(B, H, W)``.
        sigma: standard deviation in pixels of the map; 0 leaves the maps as they are.
    """
    return _blur_last_axis(_blur_last_axis(maps, sigma).mT, sigma).mT


def _blur_last_axis(values: Tensor, sigma: float) -> Tensor:
    if sigma <= 0:
        return values
    radius = min(math.ceil(3 * sigma), values.shape[-1] - 1)
    offsets = torch.arange(-radius, radius + 1, device=values.device, dtype=values.dtype)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = kernel / kernel.sum()
    lines = values.reshape(-1, 1, values.shape[-1])
    padded = F.pad(lines, (radius, radius), mode="reflect")
    return F.conv1d(padded, kernel.view(1, 1, -1)).view(values.shape)


def worst_mean(values: Tensor, share: float, *, inside: Tensor | None = None) -> Tensor:
    """Mean of the largest share of each row; at least one value counts.

    Args:
        values: ``(B, n)``, at least 0.
        share: in (0, 1], of the values inside.
        inside: ``(B, n)`` or ``(1, 1)`` weights, 1 for values that count and 0 for others, which must be 0 already.
    """
    size = values.shape[1]
    total = values.new_full((len(values),), size) if inside is None else inside.expand_as(values).sum(dim=1)
    counts = (share * total).round().clamp(min=1)
    top = values.topk(int(counts.max()), dim=1).values
    counted = torch.arange(top.shape[1], device=values.device) < counts[:, None]
    return (top * counted).sum(dim=1) / counts
