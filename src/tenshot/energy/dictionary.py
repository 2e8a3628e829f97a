"""The adaptive dictionary D: normal features as atoms, grouped by the shot they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

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
        projection: ``(d, r)``, orthonormal columns: the directions in which atoms are largest, the largest first.
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
    squares = points.square().sum(dim=1, keepdim=True)
    ones = torch.ones_like(squares)
    # ‖p - q‖² as one product of extended vectors: the loop is short of time, not of memory.
    extended = torch.cat([points, squares, ones], dim=1)
    reversed_signs = torch.cat([-2 * points, ones, squares], dim=1)
    index = int((points - points.mean(dim=0)).square().sum(dim=1).argmax())
    order = [index]
    gap = extended @ reversed_signs[index]
    while len(order) < count:
        index = int(gap.argmax())
        order.append(index)
        torch.minimum(gap, extended @ reversed_signs[index], out=gap)
    return torch.tensor(order)


def build_dictionary(shots: Sequence[Tensor], *, groups_per_shot: int, strengths: Tensor, dims: int) -> Dictionary:
    """Builds a dictionary from the chosen atoms of every shot.

    Args:
        shots: ``(m_i, d)`` per shot, best first; every shot gives the same number of atoms.
        groups_per_shot: into how many interleaved groups each shot is cut.
        strengths: ``(S,)`` typical norms of the tapped layers.
        dims: r, at most d are used.
    """
    count = shots[0].shape[0]
    size = -(-count // groups_per_shot)
    # Interleaving spreads the early, most different atoms over all groups of a shot; where they do not divide evenly,
    # the first ones stand in twice, so that none is lost.
    places = (torch.arange(size * groups_per_shot) % count).view(size, groups_per_shot).T
    atoms = torch.stack([shot[places] for shot in shots]).flatten(0, 1)
    owners = torch.arange(len(shots)).repeat_interleave(groups_per_shot)
    flat = atoms.flatten(0, 1).contiguous()
    # One decomposition gives both; eigh sorts from small to large.
    values, vectors = torch.linalg.eigh(flat.T @ flat)
    projection = vectors.flip(1)[:, :dims].contiguous()
    return Dictionary(
        atoms=flat.view(atoms.shape),
        owners=owners,
        lipschitz=values[-1],
        strengths=strengths,
        projection=projection,
        keys=flat @ projection,
    )
