"""Which photos of a larger folder to adapt to: the K that stand best for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from tenshot.core.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Choice", "choose", "describe"]


@dataclass(frozen=True, slots=True)
class Choice:
    """A chosen photo.

    Attributes:
        index: of the photo among the candidates.
        name: of the photo.
        stands_for: how many candidates are most like it, itself included.
    """

    index: int
    name: str
    stands_for: int

    @property
    def reason(self) -> str:
        """Why it was chosen, in a few words."""
        others = self.stands_for - 1
        return f"stands for {others} other photo{'s' * (others != 1)}" if others else "unlike all other photos"


def describe(directions: Tensor) -> Tensor:
    """A photo as one vector: mean and spread of its features over all positions.

    Args:
        directions: ``(P, D)`` normalised features.

    Returns:
        ``(2 D,)``.
    """
    return torch.cat([directions.mean(dim=0), directions.std(dim=0)])


def choose(descriptors: Tensor, names: list[str], count: int) -> list[Choice]:
    """Greedy facility location: each choice most shortens the summed distance of all photos to their nearest choice.

    Unlike farthest-first choice it does not hunt for outliers, which in a folder of good photos are likely mistakes.

    Args:
        descriptors: ``(N, D)``.
        names: of the N photos.
        count: how many to choose.

    Returns:
        ``count`` choices in the order of the candidates.

    Raises:
        InputError: if there are fewer photos than asked for.
    """
    if not 1 <= count <= len(descriptors):
        msg = f"select: expected 1 to {len(descriptors)} (the usable photos there are), got {count}"
        raise InputError(msg)
    distances = torch.cdist(descriptors, descriptors)
    nearest = torch.full((len(descriptors),), torch.inf, dtype=distances.dtype)
    chosen: list[int] = []
    for _ in range(count):
        cost = torch.minimum(nearest, distances).sum(dim=1)
        cost[chosen] = torch.inf
        best = int(cost.argmin())
        chosen.append(best)
        nearest = torch.minimum(nearest, distances[best])
    chosen.sort()
    owners = distances[:, chosen].argmin(dim=1)
    return [Choice(i, names[i], int((owners == position).sum())) for position, i in enumerate(chosen)]
