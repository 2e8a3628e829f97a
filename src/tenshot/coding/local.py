"""Locality-constrained codes: the closed form for a handful of near atoms (Wang et al., CVPR 2010)."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["local_codes"]

# Keeps the system solvable when a feature equals its atoms.
TINY = 1e-10


def local_codes(offsets: Tensor, *, ridge: float = 0.1) -> Tensor:
    """Codes that sum to one and combine a few near atoms into the feature as well as a ridge allows.

    Sparse by construction: only the active set has codes. Minimises ‖Σ_i w_i (a_i - z)‖² + ε ‖w‖² with Σ w_i = 1, where
    ε is ``ridge`` times the mean squared distance of the atoms. Affine codes carry no shrinkage bias: eight iterations
    of ISTC leave part of z itself in the residual, these do not.

    Args:
        offsets: ``(P, k, d)``, a_i - z: the active atoms as seen from each feature.
        ridge: > 0; towards 0 the codes fit ever better, towards infinity they become the mean of the atoms.

    Returns:
        w, ``(P, k)``; the residual z - Dα is ``-(w[:, None] @ offsets)``. Differentiable.
    """
    gram = offsets @ offsets.mT
    spread = gram.diagonal(dim1=-2, dim2=-1).mean(dim=-1, keepdim=True)
    regular = gram + torch.diag_embed((ridge * spread + TINY).expand(gram.shape[:-1]))
    ones = torch.ones_like(regular[..., :1])
    weights = torch.cholesky_solve(ones, torch.linalg.cholesky(regular)).squeeze(-1)
    return weights / weights.sum(dim=-1, keepdim=True)
