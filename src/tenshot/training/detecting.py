"""What a detector would make of features while they are still being learned: the same energy, without its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from tenshot.core.config import CodingConfig, DictionaryConfig, ScoringConfig
from tenshot.energy import build_dictionary, explain, farthest_first, worst_mean

if TYPE_CHECKING:
    from torch import Tensor

    from tenshot.energy import Dictionary

__all__ = ["chance_above", "detector_dictionary", "image_scores", "residual_norms"]

ORDER_DIMS = 32


def detector_dictionary(support: Tensor, *, coding: CodingConfig, atoms: int | None = None) -> Dictionary:
    """D as a detector builds it from the features of its shots.

    Args:
        support: ``(K, P, d)``, what the coder sees.
        coding: decides the groups that shots are cut into.
        atoms: in all; ``None`` for a detector's default.
    """
    shots, positions, dims = support.shape
    most = atoms or DictionaryConfig().atoms or positions * shots
    share = min(positions, max(1, most // shots))
    if share < positions:
        # Random directions keep distances well enough for a choice.
        gaussian = torch.randn(dims, min(dims, ORDER_DIMS), generator=torch.Generator().manual_seed(0))
        basis = torch.linalg.qr(gaussian).Q.to(support)
        chosen = [shot[farthest_first(shot @ basis, share).to(shot.device)] for shot in support]
    else:
        chosen = list(support)
    groups = min(max(1, (coding.active_atoms - 1) // shots), share)
    return build_dictionary(chosen, groups_per_shot=groups, strengths=support.new_ones(1), dims=coding.code_dims)


def residual_norms(z: Tensor, dictionary: Dictionary, *, coding: CodingConfig) -> Tensor:
    """How much of every position normal features leave unexplained: ``(B, P, d)`` to ``(B, P)``, at least 0."""
    return torch.stack([explain(each, dictionary, config=coding).norm(dim=1) for each in z])


def image_scores(norms: Tensor) -> Tensor:
    """A detector's scores of pictures by the norms of their residuals: ``(B, P)`` to ``(B,)``."""
    return worst_mean(norms, ScoringConfig().worst_share)


def chance_above(high: Tensor, low: Tensor) -> Tensor:
    """Chance that one of some values lies above one of some others, ties half: AUROC if the former are anomalous.

    Args:
        high: ``(n,)``, at least one.
        low: ``(m,)``, at least one.

    Returns:
        A scalar in [0, 1].
    """
    ordered, asked = low.detach().sort().values, high.detach().contiguous()
    below, not_above = (torch.searchsorted(ordered, asked, right=right) for right in (False, True))
    return (below + not_above).double().mean() / (2 * len(low))
