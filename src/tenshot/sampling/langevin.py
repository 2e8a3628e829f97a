"""Langevin dynamics (Eq. 4): pictures walk downhill in energy, with a little noise.

As printed, Eq. 4 scales gradient and noise by the same β. With the paper's β = 1 the noise would have a standard
deviation of one, more than the whole range of pixel values, which its own Fig. E rules out; and the gradient's scale
depends on whether E is a sum or a mean. So the two are parted, and E is the summed energy::

    x ← x - step_size · ∇ₓE(x) + noise · ω,  ω ~ N(0, I)

``step_size`` is the β/2 of Eq. 4; ``noise`` = sqrt(2 · step_size) would sample from exp(-E).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["energy_gradient", "langevin"]

TINY = 1e-12


def langevin(
    energy: Callable[[Tensor], Tensor],
    start: Tensor,
    *,
    steps: int,
    step_size: float,
    noise: float = 0.005,
    generator: torch.Generator,
    normalise: bool = False,
    differentiable: bool = True,
) -> list[Tensor]:
    """Runs J steps of Eq. 4.

    Modules behind the energy are left in the mode they are in, and gradients of parameters are not touched.

    Args:
        energy: ``(B, 3, H, W)`` to ``(B,)``; the *summed* energy. A picture's energy depends on that picture alone.
        start: x⁰, ``(B, 3, H, W)``; stays as it is.
        steps: J; 0 gives the start alone.
        step_size: in pixel values squared per unit of energy; with ``normalise``, in pixel values.
        noise: standard deviation per step, in pixel values; small, as is practice for energy-based models.
        generator: draws the noise, on its own device, so that one seed gives the same noise everywhere.
        normalise: divide each picture's gradient by its root mean square (taken as a constant), so that a step moves a
            picture by ``step_size`` whatever the scale of the energy.
        differentiable: keep the graph through all steps and their gradients (second order), to the start and to
            whatever the energy is made of; otherwise the pictures are detached, at a fraction of time and memory.

    Returns:
        J + 1 pictures ``(B, 3, H, W)``, the start first. They may leave the range of the start.
    """
    pictures = [start]
    for _ in range(steps):
        x = pictures[-1]
        gradient = energy_gradient(energy, x, differentiable=differentiable)
        if normalise:
            scale = gradient.detach().square().mean(dim=tuple(range(1, x.ndim)), keepdim=True).sqrt()
            gradient = gradient / scale.clamp(min=TINY)
        omega = torch.randn(x.shape, generator=generator, device=generator.device, dtype=x.dtype).to(x.device)
        moved = x - step_size * gradient + noise * omega
        pictures.append(moved if differentiable else moved.detach())
    return pictures


def energy_gradient(energy: Callable[[Tensor], Tensor], x: Tensor, *, differentiable: bool = True) -> Tensor:
    """∇ₓE, the direction in which the energy of each picture rises; also where gradients are switched off.

    Args:
        energy: ``(B, 3, H, W)`` to ``(B,)``.
        x: ``(B, 3, H, W)``; stays as it is.
        differentiable: whether the gradient can be differentiated again, with respect to x (if x requires it) and to
            whatever the energy is made of.

    Returns:
        ``(B, 3, H, W)``, in energy per pixel value.
    """
    with torch.enable_grad():
        # A picture that nothing is differentiated with respect to is cut off from nothing by this.
        x = x if differentiable and x.requires_grad else x.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(energy(x).sum(), x, create_graph=differentiable)
    return gradient
