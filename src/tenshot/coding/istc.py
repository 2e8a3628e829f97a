"""Iterative soft thresholding with continuation (ISTC, Eq. 6), made convergent.

As printed, Eq. 6 has no step size and diverges unless ‖D‖₂² < 2; with atoms of unit norm and a step t = 1/L,
L ≥ ‖D‖₂², every iteration lowers the LASSO objective of Eq. 5::

    α ← σ(α + t · (Dᵀz - DᵀDα), t · λ_n)

λ is relative to inputs of unit norm. See docs/decisions/0003-step-size-and-schedule.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from tenshot.coding.shrinkage import sigshrink, soft_shrink
from tenshot.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Shrinkage", "istc", "lambda_schedule", "squared_norm"]

Shrinkage = Literal["soft", "sigshrink", "none"]


def lambda_schedule(lambda_max: float, lambda_min: float, steps: int) -> tuple[float, ...]:
    """The continuation schedule: geometric, from exactly ``lambda_max`` to exactly ``lambda_min``.

    Eq. 6 is garbled in print; meant is λ_n = λ_max (λ_max / λ_*)^(-n/N) with n = 0 … N, N the index of the last step.

    Args:
        lambda_max: λ_max > 0, at the first step.
        lambda_min: λ_*, in (0, λ_max], at the last step.
        steps: number of steps, at least 1; a single step uses λ_*.

    Returns:
        ``steps`` values, falling.

    Raises:
        InputError: for values outside these ranges.
    """
    if not 0 < lambda_min <= lambda_max or steps < 1:
        msg = f"schedule: expected 0 < lambda_min <= lambda_max and steps >= 1, got {lambda_min}, {lambda_max}, {steps}"
        raise InputError(msg)
    if steps == 1:
        return (lambda_min,)
    ratio = lambda_min / lambda_max
    return (*(lambda_max * ratio ** (n / (steps - 1)) for n in range(steps - 1)), lambda_min)


def squared_norm(atoms: Tensor) -> Tensor:
    """‖D‖₂², the largest eigenvalue of the Gram matrix: the Lipschitz constant of the coder's gradient.

    Args:
        atoms: ``(..., M, d)``, one atom per row.

    Returns:
        ``(...)``, at least 0.
    """
    # The smaller of the two Gram matrices has the same non-zero spectrum.
    wide = atoms.shape[-2] > atoms.shape[-1]
    gram = atoms.mT @ atoms if wide else atoms @ atoms.mT
    return torch.linalg.eigvalsh(gram)[..., -1].clamp(min=0)


def istc(
    correlations: Tensor,
    gram: Callable[[Tensor], Tensor],
    *,
    step: Tensor | float,
    lambdas: Sequence[float],
    shrinkage: Shrinkage = "soft",
    sharpness: float = 50.0,
) -> Tensor:
    """Sparse codes α = S(z; D) after ``len(lambdas)`` iterations from zero (Eq. 6).

    Differentiable in everything it is given. Eight iterations do not converge, by intent: it is a network layer; with
    many iterations at one λ it reaches the LASSO solution of Eq. 5.

    Args:
        correlations: Dᵀz, ``(..., M)``.
        gram: the map α ↦ DᵀDα, ``(..., M)`` to ``(..., M)``; factored or explicit, whichever is cheaper.
        step: t = 1/L with L ≥ ‖D‖₂², broadcast against ``correlations``.
        lambdas: one λ per iteration, in units of inputs of unit norm.
        shrinkage: ``soft`` (Eq. 7), ``sigshrink`` (Eq. 9), or ``none``: plain gradient descent on the residual, the
            control without sparsity (Table 4).
        sharpness: τ of Eq. 9, per unit of λ; used by ``sigshrink`` only.

    Returns:
        α, ``(..., M)``.
    """
    codes = torch.zeros_like(correlations)
    for weight in lambdas:
        moved = codes + step * (correlations - gram(codes))
        if shrinkage == "soft":
            codes = soft_shrink(moved, step * weight)
        elif shrinkage == "none":
            codes = moved
        else:
            # Inputs and thresholds shrink with the step; τ grows by as much, so that the curve keeps its shape.
            codes = sigshrink(moved, step * weight, sharpness=sharpness / step)
    return codes
