"""Corrupted queries q̂ of an episode: patches of the paper, damage that looks like it, flaws of synthetic products."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from tenshot.negatives import changed, corrupt, damage, noise_start
from tenshot.training.randomness import torch_generator

if TYPE_CHECKING:
    from torch import Tensor

    from tenshot.training.sampling import Episode
    from tenshot.training.settings import NegativeSettings

__all__ = ["corrupted_queries"]

EVEN = 0.5
NOTICED, LEAST = 0.08, 0.001
"""A flaw shows if so large a share of the pixels has changed by more than so much, as the mean over channels."""


def corrupted_queries(
    episode: Episode, settings: NegativeSettings, *, purpose: str, place: tuple[int, int, int]
) -> Tensor:
    """Corrupts the queries of an episode.

    Args:
        episode: its queries stay as they are.
        settings: how they are corrupted.
        purpose: with place, decides everything.
        place: seed, step and index.

    Returns:
        ``(M, 3, h, w)``.
    """
    generator = torch_generator(f"{purpose} negatives", *place)
    if settings.start == "noise":
        return noise_start(episode.query, generator=generator)
    corrupted = _styled(episode, settings, generator)
    if settings.flaws and episode.twin is not None:
        # Draws of their own, so that the share of flaws changes nothing about the other queries.
        flawed = torch.rand(len(corrupted), generator=torch_generator(f"{purpose} flaws", *place)) < settings.flaws
        for index in flawed.nonzero()[:, 0].tolist():
            twin = episode.twin(index).to(corrupted)
            if _shows(episode.query[index], twin):
                corrupted[index] = twin
    return corrupted


def _styled(episode: Episode, settings: NegativeSettings, generator: torch.Generator) -> Tensor:
    query = episode.query
    patched = torch.full((len(query),), fill_value=settings.style == "patches")
    if settings.style == "both":
        patched = torch.rand(len(query), generator=generator) < EVEN
    corrupted = query.clone()
    if patched.any():
        corrupted[patched], _ = corrupt(query[patched], settings=settings.patches, generator=generator)
    if not patched.all():
        others = episode.foreign() if episode.foreign is not None and "texture" in settings.damage.kinds else None
        corrupted[~patched], _ = damage(query[~patched], settings=settings.damage, generator=generator, others=others)
    return corrupted


def _shows(query: Tensor, twin: Tensor) -> bool:
    return bool(changed(query, twin, above=NOTICED).float().mean() > LEAST)
