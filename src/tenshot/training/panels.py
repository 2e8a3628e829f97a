"""Pictures of a walk downhill: what was, what was done to it, what the energy makes of it, and where it looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["heat", "panel"]


def panel(query: Tensor, pictures: Sequence[Tensor], maps: Tensor, *, rows: int) -> Tensor:
    """One row a query: the query, its corruption, every Langevin step, and the map as heat.

    Args:
        query: ``(M, 3, h, w)`` in [0, 1].
        pictures: the corrupted query and what became of it, ``(M, 3, h, w)`` each; clipped to [0, 1].
        maps: ``(M, h, w)``, at least 0; every map is shown relative to its own largest value.
        rows: at most.

    Returns:
        ``(rows, J + 3, 3, h, w)`` in [0, 1].
    """
    columns = torch.stack([query, *pictures, heat(maps)], dim=1)
    return columns[:rows].detach().clamp(0, 1).cpu()


def heat(maps: Tensor) -> Tensor:
    """Maps as colours of something that heats up: black, red, yellow, white.

    Args:
        maps: ``(M, h, w)``, at least 0.

    Returns:
        ``(M, 3, h, w)`` in [0, 1]; the largest value of each map is white, 0 is black.
    """
    peaks = maps.amax(dim=(1, 2), keepdim=True)
    relative = torch.where(peaks > 0, maps / peaks, torch.zeros_like(maps))
    return torch.stack([(3 * relative - channel).clamp(0, 1) for channel in range(3)], dim=1)
