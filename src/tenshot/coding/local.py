"""Locality-constrained codes: the closed form for a handful of near atoms (Wang et al., CVPR 2010)."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["local_codes"]

# Keeps the system solvable when a feature equals its atoms, relative to the mean squared distance and absolute.
TINY = 1e-6
TINIEST = 1e-10


def local_codes(offsets: Tensor, *, ridge: float = 0.1) -> Tensor:
    """Codes that sum to one and combine a few near atoms into the feature, the nearer ones more freely.

    Sparse by construction: only the active set has codes. Minimises ‖Σ_i w_i (a_i - z)‖² + ε Σ_i ‖a_i - z‖² w_i² with
    Σ w_i = 1. An atom pays for its distance: a feature that was seen before is explained by itself alone. Affine codes
    carry no shrinkage bias: eight iterations of ISTC leave part of z itself in the residual, these do not.

    Args:
        offsets: ``(P, k, d)``, a_i - z: the active atoms as seen from each feature.
        ridge: ε > 0; towards 0 the codes fit ever better, towards infinity they are inverse to squared distances.

    Returns:
        w, ``(P, k)``; the residual z - Dα is ``-(w[:, None] @ offsets)``. Differentiable.
    """
    gram = offsets @ offsets.mT
    distances = gram.diagonal(dim1=-2, dim2=-1)
    penalty = ridge * distances + TINY * distances.mean(dim=-1, keepdim=True) + TINIEST
    regular = gram + torch.diag_embed(penalty)
    ones = torch.ones_like(regular[..., :1])
    weights = torch.cholesky_solve(ones, torch.linalg.cholesky(regular)).squeeze(-1)
    return weights / weights.sum(dim=-1, keepdim=True)
