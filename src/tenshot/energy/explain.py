"""Explaining features by normal ones: what is left is the evidence of an anomaly.

Four solvers share one signature: features in, what normal features make of them out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from tenshot.coding import istc, lambda_schedule, local_codes

if TYPE_CHECKING:
    from torch import Tensor

    from tenshot.core.config import CodingConfig
    from tenshot.energy.dictionary import Dictionary

__all__ = ["energy", "explain"]

TINY = 1e-12


def energy(residual: Tensor) -> Tensor:
    """E(x; D) = ‖z - Dα‖², summed over channels and positions (Eq. 8).

    Args:
        residual: ``(B, P, d)``, z - Dα per position.

    Returns:
        ``(B,)``, at least 0; larger = more anomalous; unbounded; not a probability. Divided by P · d it is the paper's
        MSE.
    """
    return residual.square().sum(dim=(1, 2))


def explain(z: Tensor, dictionary: Dictionary, *, config: CodingConfig, exclude: int | None = None) -> Tensor:
    """The part of every feature that normal features do not explain.

    Args:
        z: ``(P, d)``, in the same normalisation as the atoms.
        dictionary: the atoms.
        config: the solver and its constants.
        exclude: a shot whose atoms must not be used (for leave-one-out scores).

    Returns:
        z - Dα, ``(P, d)``; differentiable in z.
    """
    solvers = {"local": _local, "active": _active, "full": _full, "nearest": _nearest}
    kept = dictionary.owners != exclude if exclude is not None else None
    return z - solvers[config.method](z, dictionary, config, kept)


def _local(z: Tensor, dictionary: Dictionary, config: CodingConfig, kept: Tensor | None) -> Tensor:
    active = _active_set(z, dictionary, config, kept)
    # An approximation for speed: codes follow from the geometry of near atoms, most of which the principal directions
    # hold (with all directions the accuracy was the same). The residual is taken in all dimensions.
    offsets = _rows(dictionary.keys, active) - (z @ dictionary.projection)[:, None, :]
    codes = local_codes(offsets, ridge=config.ridge)
    return (codes[:, None, :] @ _rows(dictionary.flat, active)).squeeze(1)


def _full(z: Tensor, dictionary: Dictionary, config: CodingConfig, kept: Tensor | None) -> Tensor:
    atoms = (dictionary.atoms if kept is None else dictionary.atoms[kept]).flatten(0, 1)
    codes = istc(
        z @ atoms.T,
        # Two thin products instead of the M x M Gram matrix: M is far larger than d.
        lambda alpha: (alpha @ atoms) @ atoms.T,
        # Fewer atoms never have a larger norm, so the step of the whole dictionary stays safe.
        step=1 / dictionary.lipschitz.clamp(min=TINY),
        lambdas=lambda_schedule(config.lambda_max, config.lambda_min, config.iterations),
        shrinkage=config.shrinkage,
        sharpness=config.sharpness,
    )
    return codes @ atoms


def _active(z: Tensor, dictionary: Dictionary, config: CodingConfig, kept: Tensor | None) -> Tensor:
    atoms = _rows(dictionary.flat, _active_set(z, dictionary, config, kept))
    gram = atoms @ atoms.mT
    codes = istc(
        (atoms @ z[:, :, None]).squeeze(-1),
        lambda alpha: (gram @ alpha[:, :, None]).squeeze(-1),
        # The largest row sum of |G| bounds its largest eigenvalue, without a decomposition per position. Clamped, as
        # the nearest atoms of a feature of zeros may all be zero.
        step=1 / gram.abs().sum(dim=-1).amax(dim=-1, keepdim=True).clamp(min=1e-12),
        lambdas=lambda_schedule(config.lambda_max, config.lambda_min, config.iterations),
        shrinkage=config.shrinkage,
        sharpness=config.sharpness,
    )
    return (codes[:, None, :] @ atoms).squeeze(1)


def _nearest(z: Tensor, dictionary: Dictionary, config: CodingConfig, kept: Tensor | None) -> Tensor:
    del config
    similarity, index = _group_best(z, dictionary.flat, dictionary.atoms.shape[0])
    if kept is not None:
        similarity = similarity.masked_fill(~kept, -torch.inf)
    best = similarity.argmax(dim=1, keepdim=True)
    return dictionary.flat[index.gather(1, best).squeeze(1)]


def _active_set(z: Tensor, dictionary: Dictionary, config: CodingConfig, kept: Tensor | None) -> Tensor:
    """``(P, k)`` indices of the nearest atom of each of the best groups."""
    few = config.search_dims
    query, keys = z @ dictionary.projection[:, :few], dictionary.keys[:, :few].contiguous()
    similarity, index = _group_best(query, keys, dictionary.atoms.shape[0])
    if kept is not None:
        similarity, index = similarity[:, kept], index[:, kept]
    if index.shape[1] <= config.active_atoms:
        return index
    return index.gather(1, similarity.topk(config.active_atoms, dim=1).indices)


def _rows(matrix: Tensor, index: Tensor) -> Tensor:
    """``matrix[index]``, ``(P, k, d)``; on a CPU three times as fast as indexing."""
    return matrix.index_select(0, index.flatten()).view(*index.shape, -1)


def _group_best(z: Tensor, atoms: Tensor, groups: int) -> tuple[Tensor, Tensor]:
    """The nearest atom of each group: ``(P, G)`` similarity (larger = nearer) and index into the flat atoms."""
    # ‖z - a‖² = ‖z‖² + ‖a‖² - 2 z·a: the nearest atom has the largest z·a - ‖a‖²/2. The choice is piecewise constant.
    with torch.no_grad():
        scores = torch.addmm(atoms.square().sum(dim=1) / -2, z.detach(), atoms.T).view(len(z), groups, -1)
        similarity, within = scores.max(dim=-1)
    return similarity, within + torch.arange(groups, device=z.device) * scores.shape[-1]
