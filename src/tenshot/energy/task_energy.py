"""The energy of one task as a function of pictures, differentiable in the pictures, the network and the dictionary.

Training and inference share the solver (``explain``) and what it is fed with (``coder_inputs``); only here the
dictionary is part of the graph: Algorithm 1 differentiates through the support as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from tenshot.coding import squared_norm
from tenshot.core.errors import InputError
from tenshot.energy.dictionary import Dictionary
from tenshot.energy.explain import energy, explain

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from tenshot.core.config import CodingConfig

__all__ = ["TaskEnergy", "task_dictionary"]

PICTURE_DIMS = 4
METHODS = ("full", "nearest")


def task_dictionary(z: Tensor) -> Dictionary:
    """D of an episode: every position of every shot is an atom, in the order of the map.

    The Lipschitz constant is the exact largest eigenvalue, as ``build_dictionary`` has it: after eight iterations the
    codes have not converged and depend on the step, so that with a mere bound training would see another energy than
    inference. It is detached: the step is a constant of the solver, not something to be learned.

    Args:
        z: ``(K, P, d)``, what the coder sees of K shots.

    Returns:
        K groups of P atoms, differentiable in z. Strengths, projection and keys are empty: neither the full solver nor
        the nearest atom needs them, and a decomposition per episode would be waste.
    """
    shots, positions, dims = z.shape
    # A network that has diverged must reach the loss, where it is noticed, and not end in a failed decomposition.
    finite = z.detach().flatten(0, 1).nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)
    return Dictionary(
        atoms=z,
        owners=torch.arange(shots, device=z.device),
        lipschitz=squared_norm(finite),
        strengths=z.new_empty(0),
        projection=z.new_empty(dims, 0),
        keys=z.new_empty(shots * positions, 0),
    )


class TaskEnergy:
    """E(x; D) of the task that a few normal pictures define (Eq. 8).

    Coding runs in single precision at least, whatever precision the network runs in: residuals are small differences.

    Args:
        embed: pictures ``(B, 3, h, w)`` to what the coder sees of them, ``(B, P, d)``; see ``coder_inputs``.
        support: K pictures ``(K, 3, h, w)``, or what the coder sees of them, ``(K, P, d)``.
        coding: the solver, ``full`` or ``nearest``, and its constants.

    Attributes:
        dictionary: D, part of the graph.

    Raises:
        InputError: for another solver.
    """

    def __init__(self, embed: Callable[[Tensor], Tensor], support: Tensor, coding: CodingConfig) -> None:
        if coding.method not in METHODS:
            msg = f"coding.method: expected {' or '.join(METHODS)} for the energy of an episode, got {coding.method}"
            raise InputError(msg)
        self.embed = embed
        self.coding = coding
        z = embed(support) if support.ndim == PICTURE_DIMS else support
        with torch.autocast(z.device.type, enabled=False):
            self.dictionary = task_dictionary(_precise(z))

    def __call__(self, x: Tensor) -> Tensor:
        """E, summed over channels and positions.

        Args:
            x: ``(B, 3, h, w)``.

        Returns:
            ``(B,)``, at least 0; larger = more anomalous; unbounded.
        """
        return energy(self.residual(x))

    def residual(self, x: Tensor) -> Tensor:
        """What is left of pictures, z - Dα: ``(B, 3, h, w)`` to ``(B, P, d)``."""
        return self.residual_of(self.embed(x))

    def residual_of(self, z: Tensor) -> Tensor:
        """What is left of what the coder sees, z - Dα: ``(B, P, d)`` to the same shape."""
        with torch.autocast(z.device.type, enabled=False):
            # Positions do not touch each other, so those of all pictures are solved as one.
            rows = explain(_precise(z).flatten(0, 1), self.dictionary, config=self.coding)
        return rows.view(z.shape)


def _precise(z: Tensor) -> Tensor:
    return z.float() if z.dtype in {torch.float16, torch.bfloat16} else z
