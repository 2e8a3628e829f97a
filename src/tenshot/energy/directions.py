"""From features to what the coder sees: directions of every layer, gathered into volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from tenshot.coding import gather_volumes
from tenshot.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenshot.core.config import CodingConfig

__all__ = ["coder_inputs", "directions", "layer_norms"]


def coder_inputs(
    features: Tensor, channels: Sequence[int], *, coding: CodingConfig, balance: Sequence[float] | Tensor | None = None
) -> Tensor:
    """What the coder sees of a feature map; scoring and training both come through here.

    Args:
        features: z, ``(B, d, h', w')``, the joined maps of the tapped layers.
        channels: of each tapped layer, d in total.
        coding: whether directions are taken, and the receptive field l.
        balance: as in ``directions``; means nothing where directions are not taken.

    Returns:
        ``(B, P, d · l²)`` with P = h' · w': one row per position, of unit norm if ``coding.normalise``.
    """
    z = directions(features, channels, balance) if coding.normalise else features
    # Dividing by l keeps volumes of unit-norm features at unit norm: λ means the same for every l.
    field = coding.receptive_field
    return (gather_volumes(z, field) / field).flatten(2).mT


def directions(z: Tensor, channels: Sequence[int], balance: Sequence[float] | Tensor | None = None) -> Tensor:
    """Unit-norm features, to which every tapped layer contributes a fixed share.

    Args:
        z: ``(B, d, h', w')``.
        channels: of each tapped layer, d in total.
        balance: w, one weight per layer, at least 0 and not all 0, of which only ratios matter: layer i has norm
            w_i / ‖w‖ in the result. ``None`` for equal shares. A tensor is differentiated through.

    Returns:
        The same shape; of norm one at every position (less where a whole layer is silent).

    Raises:
        InputError: for a balance that does not fit the layers.
    """
    parts = [_unit(part) for part in torch.split(z, list(channels), dim=1)]
    if balance is not None:
        weights = torch.as_tensor(balance, dtype=z.dtype, device=z.device)
        if weights.shape != (len(parts),) or not bool((weights >= 0).all() & (weights > 0).any()):
            msg = f"balance: expected {len(parts)} weights, at least 0 and not all 0, got {weights.tolist()}"
            raise InputError(msg)
        # Scaled to a mean square of one, so that equal weights change nothing, not even a rounding.
        scales = weights / weights.square().mean().sqrt()
        parts = [scale * part for scale, part in zip(scales, parts, strict=True)]
    return torch.cat(parts, dim=1) / len(parts) ** 0.5


def layer_norms(z: Tensor, channels: Sequence[int]) -> Tensor:
    """How strongly each tapped layer responds: ``(B, d, h', w')`` to ``(B, S, h', w')``, at least 0."""
    return torch.stack([part.norm(dim=1) for part in torch.split(z, list(channels), dim=1)], dim=1)


def _unit(part: Tensor) -> Tensor:
    if not part.requires_grad:
        return F.normalize(part, dim=1)
    # A silent position has no direction: its gradient would be 1e12, and the gradient of that not a number.
    silent = (part == 0).all(dim=1, keepdim=True)
    return F.normalize(part.masked_fill(silent, 1.0), dim=1).masked_fill(silent, 0.0)
