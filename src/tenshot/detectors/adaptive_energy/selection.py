"""Which photos of a larger folder to adapt to: the K that stand best for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from tenshot.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["SAMPLES", "Choice", "choose"]

SAMPLES = 64
COMPARED_DIMS = 32


@dataclass(frozen=True, slots=True)
class Choice:
    """A chosen photo.

    Attributes:
        index: of the photo among the candidates.
        name: of the photo.
        stands_for: how many candidates are explained best by it, itself included.
    """

    index: int
    name: str
    stands_for: int

    @property
    def reason(self) -> str:
        """Why it was chosen, in a few words."""
        others = self.stands_for - 1
        return f"stands for {others} other photo{'s' * (others != 1)}" if others else "unlike all other photos"


def choose(samples: Tensor, names: Sequence[str], count: int) -> list[Choice]:
    """Greedy facility location over places: each choice most shortens the way from all photos to the chosen ones.

    A photo is as far from another as its sampled features are from the nearest sampled feature of the other, summed:
    what matters is that somewhere in the chosen photos every place has its like. Unlike farthest-first choice it does
    not hunt for outliers, which in a folder of good photos are likely mistakes.

    Args:
        samples: ``(N, S, D)``, S features of each photo.
        names: of the N photos.
        count: how many to choose.

    Returns:
        ``count`` choices in the order of the candidates.

    Raises:
        InputError: if there are fewer photos than asked for.
    """
    if not 1 <= count <= len(samples):
        msg = f"select: expected 1 to {len(samples)} (the usable photos there are), got {count}"
        raise InputError(msg)
    ways = _ways(samples)
    shortest = torch.full_like(ways[0], torch.inf)
    chosen: list[int] = []
    for _ in range(count):
        cost = torch.minimum(shortest, ways).sum(dim=1)
        cost[chosen] = torch.inf
        best = int(cost.argmin())
        chosen.append(best)
        shortest = torch.minimum(shortest, ways[best])
    chosen.sort()
    owners = ways[chosen].view(count, len(samples), -1).sum(dim=2).argmin(dim=0)
    return [Choice(i, names[i], int((owners == position).sum())) for position, i in enumerate(chosen)]


def _ways(samples: Tensor) -> Tensor:
    """``(N, N · S)``: from every sampled feature to the nearest one of each photo."""
    points = _compressed(samples.flatten(0, 1))
    photos = points.view(len(samples), samples.shape[1], -1)
    # Photo by photo: all pairs of features at once would need gigabytes for a folder of a thousand photos.
    return torch.stack([torch.cdist(points, photo).amin(dim=1) for photo in photos])


def _compressed(points: Tensor) -> Tensor:
    centred = points - points.mean(dim=0)
    return centred @ torch.linalg.eigh(centred.T @ centred).eigenvectors[:, -COMPARED_DIMS:]
