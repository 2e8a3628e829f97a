"""What an adapter lowers: corrupted pictures must score above clean ones, as a detector scores them.

Of all positions only those that could decide a score are coded with a gradient: which they are, and which atoms are
near, is found without one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from tenshot.coding import local_codes
from tenshot.core.config import ScoringConfig
from tenshot.training.detecting import chance_above
from tenshot.training.lesson_settings import LEAST_ATOMS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenshot.core.config import CodingConfig
    from tenshot.training.frozen_features import FrozenEpisode
    from tenshot.training.lesson_settings import AdapterSettings

    See = Callable[[Tensor], Tensor]

__all__ = ["Exercise", "adapter_loss", "exercise_of"]

TINY = 1e-6


class Exercise(NamedTuple):
    """An episode with its draws, as frozen features.

    Attributes:
        atoms: ``(G, m, d)``: G groups of m positions of the support, several of one shot if there are few shots.
        pictures: ``(2M, P, d)``: clean queries, then as many corrupted ones.
        inside: ``(M, P)`` bool, corrupted positions.
        picked: ``(M, P)`` bool, some of those by chance.
    """

    atoms: Tensor
    pictures: Tensor
    inside: Tensor
    picked: Tensor


def exercise_of(
    episode: FrozenEpisode, *, settings: AdapterSettings, coding: CodingConfig, generator: torch.Generator
) -> Exercise:
    """Draws K, the shots, their atoms, and corrupted positions.

    Args:
        episode: of as many shots as the largest K at least.
        settings: of the lesson.
        coding: ``active_atoms`` decides into how many groups shots are cut, as in a detector.
        generator: decides everything.
    """
    shots = settings.shots[int(torch.randint(len(settings.shots), (), generator=generator))]
    positions = episode.support.shape[1]
    most = min(positions, max(LEAST_ATOMS, settings.atoms // shots))
    groups = min(max(1, (coding.active_atoms - 1) // shots), most)
    share = most // groups * groups
    rows = []
    for shot in torch.randperm(len(episode.support), generator=generator)[:shots].tolist():
        places = torch.randperm(positions, generator=generator)[:share]
        rows.append(episode.support[shot, places].view(groups, share // groups, -1))
    chances = torch.rand(episode.inside.shape, generator=generator).masked_fill(~episode.inside, -1.0)
    few = min(settings.hardest, positions)
    picked = torch.zeros_like(episode.inside).scatter_(1, chances.topk(few, dim=1).indices, value=True)
    pictures = torch.cat([episode.query, episode.corrupted])
    return Exercise(torch.cat(rows), pictures, episode.inside, picked & episode.inside)


def adapter_loss(
    exercise: Exercise, see: See, *, settings: AdapterSettings, coding: CodingConfig
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of one episode.

    With r the norm of what local codes leave of a position, and a picture's score s the mean of its worst 1 % of r:

        L = mean over pairs (corrupted, clean) of τ log(1 + exp((margin - log s_corrupted + log s_clean) / τ))
            + positions · mean over corrupted positions of the same, of log r against the mean of the clean ones' log r

    Args:
        exercise: the episode.
        see: frozen features ``(N, d)`` to what the coder sees of them, ``(N, d)``; differentiable in the adapter.
        settings: of the lesson.
        coding: its ``active_atoms`` and ``ridge``.

    Returns:
        The loss, a scalar, and detached scalars: its parts ``loss_image`` and ``loss_positions``, and
        ``image_auroc``, the chance that a corrupted picture scores above a clean one.
    """
    chosen, active = _hardest(exercise, see, settings=settings, coding=coding)
    groups, size, dims = exercise.atoms.shape
    z = see(exercise.pictures[chosen].float())
    atoms = see(exercise.atoms.view(groups * size, dims)[active.flatten()].float()).view(*active.shape, dims)
    offsets = atoms - z[:, None]
    codes = local_codes(offsets, ridge=coding.ridge)
    norms = (codes[:, None] @ offsets).squeeze(1).norm(dim=1)

    residuals = norms.new_zeros(chosen.shape).masked_scatter(chosen, norms)
    levels = residuals.topk(_worst(residuals.shape[1], settings), dim=1).values.mean(dim=1).clamp(min=TINY).log()
    clean, corrupted = levels.chunk(2)
    image = _below_margin(corrupted[:, None] - clean, settings).mean()

    logs = residuals.clamp(min=TINY).log()
    queries = len(exercise.inside)
    reference = logs[:queries][chosen[:queries]].mean()
    raised = logs[queries:][chosen[queries:] & exercise.inside]
    # Still part of the graph, so that an episode without any corrupted position does not end the training.
    positions = _below_margin(raised - reference, settings).mean() if len(raised) else reference * 0
    facts = {"loss_image": image, "loss_positions": positions, "image_auroc": chance_above(corrupted, clean)}
    return image + settings.positions * positions, {name: value.detach() for name, value in facts.items()}


@torch.no_grad()
def _hardest(exercise: Exercise, see: See, *, settings: AdapterSettings, coding: CodingConfig) -> tuple[Tensor, Tensor]:
    """Positions that are coded, ``(2M, P)`` bool, and the nearest atom of each of the best groups, ``(N, k)``."""
    groups, size, dims = exercise.atoms.shape
    count, positions = exercise.pictures.shape[:2]
    atoms = see(exercise.atoms.view(-1, dims).float())
    z = see(exercise.pictures.view(-1, dims).float())
    # Of what has unit norm, the nearest atom is that with the largest z·a - ‖a‖²/2, and the distance falls with it.
    scores = torch.addmm(atoms.square().sum(dim=1) / -2, z, atoms.T).view(len(z), groups, size)
    best, within = scores.max(dim=2)
    nearness = best.amax(dim=1).view(count, positions)
    few = nearness.topk(min(settings.hardest, positions), dim=1, largest=False).indices
    chosen = torch.zeros_like(nearness, dtype=torch.bool).scatter_(1, few, value=True)
    chosen[len(exercise.picked) :] |= exercise.picked
    rows = chosen.flatten()
    active = within[rows] + torch.arange(groups, device=z.device) * size
    if groups > coding.active_atoms:
        active = active.gather(1, best[rows].topk(coding.active_atoms, dim=1).indices)
    return chosen, active


def _worst(positions: int, settings: AdapterSettings) -> int:
    """How many positions make a score, as in a detector, as far as they are coded."""
    return min(max(1, round(ScoringConfig().worst_share * positions)), settings.hardest)


def _below_margin(gaps: Tensor, settings: AdapterSettings) -> Tensor:
    return F.softplus((settings.margin - gaps) / settings.temperature) * settings.temperature
