"""One episode of Algorithm 1: from its pictures to a loss, and to what tells whether training works."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch.nn import functional as F

from tenshot.energy import TaskEnergy, energy
from tenshot.losses import contrast, direction, energy_penalty, position_contrast, reconstruction, remaining
from tenshot.sampling import langevin
from tenshot.training.corrupting import corrupted_queries
from tenshot.training.randomness import torch_generator

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from tenshot.training.network import Embedding
    from tenshot.training.sampling import Episode
    from tenshot.training.settings import LangevinSettings, LossSettings, NegativeSettings

__all__ = ["Case", "Walk", "corrupted_case", "cosine", "episode_loss", "repaired", "visible", "walk_of"]

NOTICEABLE = 2 / 255
FLOOR = 1e-4
"""The least MSE(q̂, q) by which a loss is divided: about what the noise of five Langevin steps adds."""


class Case(NamedTuple):
    """An episode with its corrupted queries.

    Attributes:
        support: s, ``(K, 3, h, w)`` in [0, 1].
        query: q, ``(M, 3, h, w)``.
        corrupted: q̂, ``(M, 3, h, w)``.
        place: seed, step and index, from which the noise of its sampling follows.
    """

    support: Tensor
    query: Tensor
    corrupted: Tensor
    place: tuple[int, int, int]


class Walk(NamedTuple):
    """What an energy makes of a case.

    Attributes:
        support: ``(K, P, d)``, what the coder sees of the support.
        clean: ``(M, P, d)``, of the queries.
        corrupted: ``(M, P, d)``, of the corrupted queries.
        clean_residual: ``(M, P, d)``, z - Dα of the queries.
        corrupted_residual: ``(M, P, d)``, of the corrupted queries.
        gradient: ∇ₓE at q̂, ``(M, 3, h, w)``; ``None`` where nobody asked for it.
        pictures: q̂ and its J followers, ``(M, 3, h, w)`` each.
        task: E.
    """

    support: Tensor
    clean: Tensor
    corrupted: Tensor
    clean_residual: Tensor
    corrupted_residual: Tensor
    gradient: Tensor | None
    pictures: list[Tensor]
    task: TaskEnergy


def corrupted_case(episode: Episode, settings: NegativeSettings, *, purpose: str, place: tuple[int, int, int]) -> Case:
    """Corrupts the queries of an episode; decided by purpose and place alone."""
    corrupted = corrupted_queries(episode, settings, purpose=purpose, place=place)
    return Case(episode.support, episode.query, corrupted, place)


def walk_of(
    case: Case, embedding: Embedding, sampler: LangevinSettings, *, steps: int, second: bool, path: bool
) -> Walk:
    """Adapts to the support, and lets corrupted queries walk downhill.

    Everything is computed once: the support's features, and the gradient at q̂, which the sampler's first step shares
    with the direction loss.

    Args:
        case: an episode.
        embedding: Ψ.
        sampler: how it walks.
        steps: J.
        second: whether the gradient at q̂ is to be differentiated.
        path: whether the whole walk is.
    """
    support, clean = embedding(torch.cat([case.support, case.query])).split([len(case.support), len(case.query)])
    task = TaskEnergy(embedding, support, embedding.coding)
    x = case.corrupted.detach().requires_grad_(steps > 0 or second)
    corrupted = embedding(x)
    residual = task.residual_of(corrupted)
    gradient = None
    if x.requires_grad:
        (gradient,) = torch.autograd.grad(energy(residual).sum(), x, create_graph=second or path, retain_graph=True)
    pictures = [case.corrupted]
    if gradient is not None and steps:
        pictures = langevin(
            _starting_with(gradient if path else gradient.detach(), task),
            case.corrupted,
            steps=steps,
            step_size=sampler.step_size,
            noise=sampler.noise,
            generator=torch_generator("langevin", *case.place),
            normalise=sampler.normalise,
            differentiable=path,
        )
    return Walk(support, clean, corrupted, task.residual_of(clean), residual, gradient, pictures, task)


def episode_loss(
    case: Case,
    embedding: Embedding,
    *,
    losses: LossSettings,
    sampler: LangevinSettings,
    steps: int,
    anchor: Embedding | None = None,
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of one episode, Eq. 12 and its variants.

    Args:
        case: the episode.
        embedding: Ψ, which is trained.
        losses: what is lowered.
        sampler: of negatives.
        steps: J.
        anchor: the starting network, frozen; needed where its weight is not 0.

    Returns:
        The loss, a scalar, and detached scalars: energies per position of ``positive``, ``corrupted`` and
        ``negative`` pictures, the parts of the loss, the share of the corruption that is ``remaining``, the
        ``cosine`` between gradient and corruption, and the spatial ``variance`` of features.
    """
    along = losses.eta0 > 0 and losses.reconstruction in {"mse", "normalised"}
    second = losses.eta0 > 0 and losses.reconstruction == "direction"
    path = steps > 0 and (along or sampler.differentiate_negatives)
    walk = walk_of(case, embedding, sampler, steps=steps, second=second, path=path)
    energies = _energies(walk, through=sampler.differentiate_negatives, wanted=losses.eta1 + losses.energy_penalty > 0)
    parts = _contrasts(energies, losses)
    if along or second:
        parts["reconstruction"] = (losses.eta0, _reconstruction(walk, case, losses))
    if losses.positions:
        parts["positions"] = (losses.positions, _positions(walk, case, embedding, losses.margin))
    if losses.anchor and anchor is not None:
        parts["anchor"] = (losses.anchor, _distance(walk, case, anchor))
    facts = energies._asdict() | {f"loss_{name}": value for name, (_, value) in parts.items()} | repaired(walk, case)
    loss = torch.stack([weight * value for weight, value in parts.values()]).sum()
    return loss, {name: value.detach().mean() for name, value in facts.items()}


class _Energies(NamedTuple):
    """Energies per position, ``(M,)`` each, of queries, corrupted queries and negatives."""

    positive: Tensor
    corrupted: Tensor
    negative: Tensor


def _energies(walk: Walk, *, through: bool, wanted: bool) -> _Energies:
    """Energies of a walk; through: with the negatives' path; wanted: whether those of negatives are to have a graph."""
    positions = walk.clean.shape[1]
    positive, corrupted = (energy(each) / positions for each in (walk.clean_residual, walk.corrupted_residual))
    if len(walk.pictures) == 1:
        return _Energies(positive, corrupted, corrupted)
    sample = walk.pictures[-1] if through else walk.pictures[-1].detach()
    with torch.set_grad_enabled(wanted):
        return _Energies(positive, corrupted, walk.task(sample) / positions)


def _contrasts(energies: _Energies, losses: LossSettings) -> dict[str, tuple[float, Tensor]]:
    """The parts of the loss that compare energies, each with its weight."""
    parts = {}
    positive, _, negative = energies
    if losses.eta1:
        told = contrast(positive, negative, form=losses.contrast, margin=losses.margin, log=losses.log)
        parts["contrast"] = (losses.eta1, told)
    if losses.energy_penalty:
        parts["penalty"] = (losses.energy_penalty, energy_penalty(positive, negative))
    return parts


def repaired(walk: Walk, case: Case) -> dict[str, Tensor]:
    """What a walk has repaired: ``remaining`` and ``cosine`` where there was a walk, and the features' ``variance``."""
    facts = {"variance": _variance(walk.support)}
    if len(walk.pictures) > 1:
        # Of means, not the mean of ratios: pictures that are hardly corrupted would rule that.
        left = reconstruction(walk.pictures[-1], case.query)
        facts["remaining"] = left / reconstruction(case.corrupted, case.query).clamp(min=FLOOR)
    if walk.gradient is not None:
        facts["cosine"] = cosine(walk.gradient, case)
    return {name: value.detach() for name, value in facts.items()}


def cosine(gradient: Tensor, case: Case) -> Tensor:
    """Mean cosine between ∇ₓE(q̂) and q̂ - q, a scalar in [-1, 1]."""
    return (1 - direction(gradient, case.corrupted, case.query)).mean()


def visible(case: Case) -> Tensor:
    """``(M, h, w)`` bool: pixels that the corruption has changed; a blur of something flat has not."""
    return (case.corrupted - case.query).abs().amax(dim=1) > NOTICEABLE


def _starting_with(gradient: Tensor, task: TaskEnergy) -> Callable[[Tensor], Tensor]:
    """E, but at its first call something cheaper that has the gradient which is known already."""
    calls = 0

    def known_first(x: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        return (gradient * x).sum(dim=(1, 2, 3)) if calls == 1 else task(x)

    return known_first


def _reconstruction(walk: Walk, case: Case, losses: LossSettings) -> Tensor:
    if losses.reconstruction == "mse":
        return reconstruction(walk.pictures[-1], case.query)
    if losses.reconstruction == "normalised":
        return remaining(walk.pictures[-1], case.corrupted, case.query, floor=FLOOR).mean()
    assert walk.gradient is not None  # noqa: S101 - it was asked for
    return direction(walk.gradient, case.corrupted, case.query).mean()


def _positions(walk: Walk, case: Case, embedding: Embedding, margin: float) -> Tensor:
    grid = embedding.grid((case.query.shape[-2], case.query.shape[-1]))
    touched = F.adaptive_max_pool2d(visible(case)[:, None].float(), grid).flatten(1) > 0
    residuals = torch.cat([walk.corrupted_residual, walk.clean_residual], dim=1).square().sum(dim=2)
    return position_contrast(residuals, torch.cat([touched, torch.zeros_like(touched)], dim=1), margin=margin)


def _distance(walk: Walk, case: Case, anchor: Embedding) -> Tensor:
    with torch.no_grad():
        before = anchor(torch.cat([case.support, case.query, case.corrupted]))
    now = torch.cat([walk.support, walk.clean, walk.corrupted])
    return (now - before).square().sum(dim=2).mean()


def _variance(z: Tensor) -> Tensor:
    """Share of the features' power that varies over positions, in [0, 1]; 0 = the same everywhere."""
    power = z.square().sum(dim=2).mean(dim=1)
    constant = z.mean(dim=1).square().sum(dim=1)
    return (1 - constant / power.clamp(min=FLOOR**2)).mean()
