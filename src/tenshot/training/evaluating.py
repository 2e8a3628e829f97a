"""What training has achieved on its own terms: on tasks it never saw, is damage repaired, and is it found?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from tenshot.energy import energy, gaussian_blur, upsample
from tenshot.metrics import pixel_auroc
from tenshot.training.objective import corrupted_case, repaired, visible, walk_of

if TYPE_CHECKING:
    from torch import Tensor

    from tenshot.training.episode import EpisodeSampler
    from tenshot.training.network import Embedding
    from tenshot.training.objective import Case, Walk
    from tenshot.training.settings import TrainingConfig

__all__ = ["case_at", "evaluate", "heat_maps", "walk_at"]

PURPOSE = "validation"


def evaluate(embedding: Embedding, sampler: EpisodeSampler, config: TrainingConfig) -> dict[str, float]:
    """Judges a network on episodes that are always the same; the network stays as it is.

    Whatever negatives a training starts from, queries are corrupted by patches here, so that trainings compare.

    Args:
        embedding: Ψ, of the training or any other, as the one at its start.
        sampler: of episodes of held-out tasks.
        config: says how many episodes, how queries are corrupted and how far they walk.

    Returns:
        Means over episodes: energies per position (``positive``, ``corrupted``, ``negative``); ``remaining``, the share
        of the corruption that a walk leaves; ``cosine`` between the gradient and the corruption; the features' spatial
        ``variance``; ``ranked``, the chance that a corrupted query has more energy than a clean one of its task; and
        the AUROC of the pixels that the corruption changed, ``auroc_gradient`` and ``auroc_residual`` for the two maps.
    """
    rows = [_judged(embedding, case_at(sampler, config, index), config) for index in range(config.validating.episodes)]
    names = dict.fromkeys(name for row in rows for name in row)
    values = {name: [row[name] for row in rows if name in row] for name in names}
    return {name: sum(each) / len(each) for name, each in values.items()}


def case_at(sampler: EpisodeSampler, config: TrainingConfig, index: int) -> Case:
    """One of the episodes of a look."""
    patches = config.negatives.model_copy(update={"start": "inpainting", "style": "patches", "flaws": 0.0})
    place = (config.seed, 0, index)
    return corrupted_case(sampler.episode(0, index), patches, purpose=PURPOSE, place=place)


def walk_at(embedding: Embedding, case: Case, config: TrainingConfig) -> Walk:
    """A walk of as many steps as a look has, without noise; nothing of it is to be differentiated."""
    device = next(embedding.parameters()).device
    there = case._replace(**{name: getattr(case, name).to(device) for name in ("support", "query", "corrupted")})
    # Without noise, of which five steps leave as much as a fifth of a small patch.
    sampler = config.langevin.model_copy(update={"noise": 0.0})
    return walk_of(there, embedding, sampler, steps=config.validating.steps, second=False, path=False)


def heat_maps(walk: Walk, *, grid: tuple[int, int], smoothing: float) -> tuple[Tensor, Tensor]:
    """The two maps of the corrupted queries, by the gradient (Algorithm 2) and by the residuals.

    Args:
        walk: with its gradient.
        grid: ``(h', w')`` of the features.
        smoothing: in pixels.

    Returns:
        ``(M, h, w)`` each, at least 0; larger = more anomalous.
    """
    assert walk.gradient is not None  # noqa: S101 - a walk has one
    by_gradient = gaussian_blur(walk.gradient.detach().abs().sum(dim=1), smoothing)
    size = (by_gradient.shape[-2], by_gradient.shape[-1])
    norms = walk.corrupted_residual.detach().norm(dim=2).view(-1, *grid)
    return by_gradient, upsample(norms, size, sigma=smoothing)


def _judged(embedding: Embedding, case: Case, config: TrainingConfig) -> dict[str, float]:
    walk = walk_at(embedding, case, config)
    positions = walk.clean.shape[1]
    with torch.no_grad():
        positive, corrupted = (energy(each) / positions for each in (walk.clean_residual, walk.corrupted_residual))
        negative = walk.task(walk.pictures[-1]) / positions
    facts = {"positive": positive.mean(), "corrupted": corrupted.mean(), "negative": negative.mean()}
    above = (corrupted[:, None] > positive).double() + 0.5 * (corrupted[:, None] == positive)
    facts |= {"ranked": above.mean()}
    # What the walk did is measured where its pictures are: on the device.
    facts |= repaired(walk, case._replace(query=case.query.to(positive.device), corrupted=walk.pictures[0]))
    return {name: float(value) for name, value in facts.items()} | _found(embedding, case, walk, config)


def _found(embedding: Embedding, case: Case, walk: Walk, config: TrainingConfig) -> dict[str, float]:
    masks = visible(case)
    if not masks.any() or masks.all():
        return {}
    grid = embedding.grid((masks.shape[-2], masks.shape[-1]))
    maps = heat_maps(walk, grid=grid, smoothing=config.validating.smoothing)
    return {
        name: pixel_auroc(list(masks.numpy()), list(each.cpu().numpy()))
        for name, each in zip(("auroc_gradient", "auroc_residual"), maps, strict=True)
    }
