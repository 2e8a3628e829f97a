"""Learning from inpainting: following the energy downhill must undo the corruption.

q is the clean query, q̂ the corrupted one, LD(q̂) where Langevin dynamics took it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn import functional as F

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["direction", "reconstruction", "remaining"]

TINY = 1e-12


def reconstruction(sample: Tensor, clean: Tensor) -> Tensor:
    """L_rec = mean over m of MSE(LD(q̂_m), q_m), Eq. 11.

    Args:
        sample: LD(q̂), ``(M, 3, H, W)``.
        clean: q, of the same shape.

    Returns:
        A scalar, at least 0, in pixel values squared; smaller = better repaired. Its value is that of MSE(q̂, q) where
        nothing was done, so that it says little about patches of different sizes: see ``remaining``.
    """
    return F.mse_loss(sample, clean)


def remaining(sample: Tensor, corrupted: Tensor, clean: Tensor, *, floor: float = 1e-8) -> Tensor:
    """MSE(LD(q̂), q) / MSE(q̂, q), the share of the corruption that remains: Eq. 11, normalised.

    Noise of standard deviation s in LD(q̂) alone adds s² / MSE(q̂, q). A mean over pictures is ruled by those that are
    hardly corrupted; as a loss, raise the floor to where corruption begins to matter (the noise of five steps is about
    1e-4), for reports divide the mean of the one MSE by that of the other, or take the median.

    Args:
        sample: LD(q̂), ``(M, 3, H, W)``.
        corrupted: q̂, of the same shape.
        clean: q, of the same shape.
        floor: the least MSE(q̂, q) to divide by, > 0, in pixel values squared; the default is a corruption that is not
            there.

    Returns:
        ``(M,)``, at least 0 and unbounded; 1 = nothing repaired, 0 = everything, above 1 = made worse.
    """
    return _mse(sample, clean) / _mse(corrupted, clean).clamp(min=floor)


def direction(gradient: Tensor, corrupted: Tensor, clean: Tensor) -> Tensor:
    """1 - cos(∇ₓE(q̂), q̂ - q): whether the energy falls towards the clean picture, whatever its scale.

    Eq. 11 for a single step without its magnitude: an energy cannot please it by becoming flat.

    Args:
        gradient: ∇ₓE at q̂, *not* negated, ``(M, 3, H, W)``, differentiable.
        corrupted: q̂, of the same shape.
        clean: q, of the same shape.

    Returns:
        ``(M,)`` in [0, 2]; 0 = straight towards q, 1 = no relation (also where the gradient is zero, or q̂ = q), 2 =
        straight away.
    """
    return 1 - F.cosine_similarity(gradient.flatten(1), (corrupted - clean).flatten(1), dim=1, eps=TINY)


def _mse(first: Tensor, second: Tensor) -> Tensor:
    return (first - second).square().flatten(1).mean(dim=1)
