"""The adaptive dictionary D: normal features as atoms, grouped by the shot they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from tenshot.coding import squared_norm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["Dictionary", "build_dictionary", "farthest_first"]


@dataclass(frozen=True, eq=False, slots=True)
class Dictionary:
    """Atoms of a task. Immutable: a changed support makes a new dictionary.

    Attributes:
        atoms: ``(G, m, d)``: G groups of m atoms each. Every group belongs to one shot, a shot may own several groups.
        owners: ``(G,)`` int64, the shot of each group.
        lipschitz: ‖D‖₂² over all atoms, a scalar; the full solver's step is its inverse.
        strengths: ``(S,)``, typical norm of the features of each tapped layer on the shots, > 0.
        projection: ``(d, r)``, orthonormal columns: the directions in which atoms differ most. The active set is
            searched in them; what is found is then coded exactly.
        keys: ``(G · m, r)``, the atoms projected.
    """

    atoms: Tensor
    owners: Tensor
    lipschitz: Tensor
    strengths: Tensor
    projection: Tensor
    keys: Tensor

    @property
    def flat(self) -> Tensor:
        """All atoms, ``(G · m, d)``."""
        return self.atoms.flatten(0, 1)


def farthest_first(points: Tensor, count: int) -> Tensor:
    """Orders points so that every prefix covers them well: greedy k-centre, started farthest from the mean.

    The order is nested - asking for more only appends - so a dictionary can shrink the share of a shot by taking a
    shorter prefix, and a shot that is removed and added again gets the same atoms.

    Args:
        points: ``(n, d)``.
        count: how many to order, at most n.

    Returns:
        ``(count,)`` int64 indices into ``points``.
    """
    squares = points.square().sum(dim=1)
    first = (points - points.mean(dim=0)).square().sum(dim=1).argmax()
    order = torch.empty(count, dtype=torch.int64)
    gap = torch.full_like(squares, torch.inf)
    index = first
    for i in range(count):
        order[i] = index
        distance = torch.addmv(squares + squares[index], points, points[index], alpha=-2)
        gap = torch.minimum(gap, distance)
        gap[index] = -torch.inf
        index = gap.argmax()
    return order


def build_dictionary(
    shots: Sequence[Tensor], *, groups_per_shot: int, strengths: Tensor, search_dims: int
) -> Dictionary:
    """Builds a dictionary from the chosen atoms of every shot.

    Args:
        shots: ``(m_i, d)`` per shot, best first; every shot gives the same number of atoms.
        groups_per_shot: into how many interleaved groups each shot is cut.
        strengths: ``(S,)`` typical norms of the tapped layers.
        search_dims: r, at most d are used.
    """
    size = shots[0].shape[0] // groups_per_shot
    kept = size * groups_per_shot
    # Interleaving spreads the early, most different atoms over all groups of a shot.
    atoms = torch.stack([shot[:kept].view(size, groups_per_shot, -1).transpose(0, 1) for shot in shots]).flatten(0, 1)
    owners = torch.arange(len(shots)).repeat_interleave(groups_per_shot)
    flat = atoms.flatten(0, 1).contiguous()
    projection = _principal_directions(flat, search_dims)
    return Dictionary(
        atoms=flat.view(atoms.shape),
        owners=owners,
        lipschitz=squared_norm(flat),
        strengths=strengths,
        projection=projection,
        keys=flat @ projection,
    )


def _principal_directions(atoms: Tensor, count: int) -> Tensor:
    centred = atoms - atoms.mean(dim=0)
    # eigh sorts from small to large.
    return torch.linalg.eigh(centred.T @ centred).eigenvectors[:, -count:].contiguous()
