"""Frozen features of episodes: what an adapter learns from, computed once and kept.

An adapter commutes with joining maps, so the extractor never has to run again for an episode that comes back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from tenshot.features import join_maps
from tenshot.negatives import changed
from tenshot.training.objective import corrupted_case
from tenshot.training.randomness import torch_generator

if TYPE_CHECKING:
    from tenshot.features import Extractor
    from tenshot.training.episode import EpisodeSampler
    from tenshot.training.settings import NegativeSettings

__all__ = ["FrozenEpisode", "FrozenEpisodes", "frozen_rows"]

HALF = 0.5
PICTURES = 4
"""Run at a time: more do not go faster on a CPU and take more memory."""


class FrozenEpisode(NamedTuple):
    """Features of an episode, in half precision, on the CPU.

    Attributes:
        support: ``(K, P, d)``.
        query: ``(M, P, d)``.
        corrupted: ``(M, P, d)``.
        inside: ``(M, P)`` bool, positions of which more than half was visibly corrupted.
    """

    support: Tensor
    query: Tensor
    corrupted: Tensor
    inside: Tensor


class FrozenEpisodes:
    """Episodes as the extractor sees them, computed when they are asked for.

    Args:
        sampler: of episodes.
        negatives: how queries are corrupted.
        extractor: frozen.
        neighbourhood: over which its joined features are averaged.
        pool: how many episodes there are, all of which are kept; 0 for ever new ones, none of which is.
    """

    def __init__(
        self,
        sampler: EpisodeSampler,
        negatives: NegativeSettings,
        extractor: Extractor,
        *,
        neighbourhood: int,
        pool: int,
    ) -> None:
        self.sampler = sampler
        self.negatives = negatives
        self.pool = pool
        self._extractor = extractor
        self._neighbourhood = neighbourhood
        self._held: dict[int, FrozenEpisode] = {}

    def episode(self, step: int, index: int, *, per_step: int) -> FrozenEpisode:
        """The episode at a place of a step's batch of ``per_step``: of the pool, each once before any comes again.

        Raises:
            MissingError: a picture, or a whole folder, is not there any more.
            ImageError: a picture that cannot be read.
        """
        if not self.pool:
            return self._computed(step, index)
        turn, number = divmod(step * per_step + index, self.pool)
        generator = torch_generator(f"{self.sampler.purpose} turns", self.sampler.seed, turn)
        return self.kept(int(torch.randperm(self.pool, generator=generator)[number]))

    def kept(self, number: int) -> FrozenEpisode:
        """An episode of the pool by its number."""
        if number not in self._held:
            self._held[number] = self._computed(0, number)
        return self._held[number]

    def _computed(self, step: int, index: int) -> FrozenEpisode:
        sampler = self.sampler
        place = (sampler.seed, step, index)
        case = corrupted_case(sampler.episode(step, index), self.negatives, purpose=sampler.purpose, place=place)
        pictures = torch.cat([case.support, case.query, case.corrupted])
        rows = frozen_rows(self._extractor, pictures, neighbourhood=self._neighbourhood)
        support, query, corrupted = torch.split(rows, [len(case.support), len(case.query), len(case.corrupted)])
        stride = self._extractor.spec.grid_stride
        size = (pictures.shape[-2] // stride, pictures.shape[-1] // stride)
        seen = changed(case.query, case.corrupted)
        covered = F.adaptive_avg_pool2d(seen[:, None].float(), size)
        return FrozenEpisode(support, query, corrupted, covered.flatten(1) > HALF)


@torch.no_grad()
def frozen_rows(extractor: Extractor, frames: Tensor, *, neighbourhood: int) -> Tensor:
    """Joined features, not yet normalised, in half precision on the CPU.

    Args:
        extractor: frozen.
        frames: ``(B, 3, h, w)`` in [0, 1].
        neighbourhood: over which joined features are averaged.

    Returns:
        ``(B, P, d)`` float16.
    """
    stride = extractor.spec.grid_stride
    size = (frames.shape[-2] // stride, frames.shape[-1] // stride)
    rows = []
    for few in torch.split(frames.to(extractor.mean.device), PICTURES):
        z = join_maps(extractor(few), size=size, neighbourhood=neighbourhood)
        rows.append(z.flatten(2).mT.half().cpu())
    return torch.cat(rows).contiguous()
