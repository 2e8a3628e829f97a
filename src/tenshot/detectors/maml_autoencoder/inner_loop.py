"""The inner loop of model-agnostic meta-learning (Finn et al. 2017): gradient descent that gradients pass through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    Parameters = dict[str, Tensor]

__all__ = ["RATE", "STEPS", "descend"]

# Of the descent, in training as in use. The paper takes five steps and does not say at which rate.
STEPS = 5
RATE = 0.3


def descend(
    loss: Callable[[Parameters], Tensor], start: Parameters, *, steps: int, rate: float, second_order: bool
) -> Parameters:
    """Adapts parameters by plain gradient descent: θ ← θ - α ∇L(θ), ``steps`` times.

    Args:
        loss: of parameters, a scalar.
        start: θ by name; each requires a gradient. They are not changed.
        steps: of the descent, at least 0.
        rate: α.
        second_order: whether the result's gradient with respect to ``start`` sees how the steps themselves depend on
            it (MAML); otherwise steps count as constants (first-order MAML), which needs no second derivatives.

    Returns:
        The adapted parameters, differentiable with respect to ``start``.
    """
    adapted = dict(start)
    for _ in range(steps):
        gradients = torch.autograd.grad(loss(adapted), list(adapted.values()), create_graph=second_order)
        adapted = {
            name: value - rate * gradient for (name, value), gradient in zip(adapted.items(), gradients, strict=True)
        }
    return adapted
