"""Contrasts: normal pictures and places must have less energy than abnormal ones.

E⁺ is the energy of a normal query, E(q), E⁻ that of a negative, E(LD(q̂)) or E(q̂); both are at least 0 and unbounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from torch.nn import functional as F

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ContrastForm", "contrast", "contrastive_divergence", "energy_penalty", "position_contrast"]

ContrastForm = Literal["difference", "softplus", "hinge"]
TINY = 1e-12


def contrastive_divergence(positive: Tensor, negative: Tensor) -> Tensor:
    """L_cd = mean over m of E⁺_m - E⁻_m, Eq. 10.

    Unbounded below: once negatives have more energy, scaling it up lowers the loss. Whether the path that led to the
    negative is differentiated is the caller's choice (detach the sample to leave it out).

    Args:
        positive: E⁺, ``(M,)``.
        negative: E⁻, ``(M,)``.

    Returns:
        A scalar, in energy; negative = negatives have the higher energy, as they should.
    """
    return (positive - negative).mean()


def contrast(
    positive: Tensor, negative: Tensor, *, form: ContrastForm = "softplus", margin: float = 1.0, log: bool = True
) -> Tensor:
    """Eq. 10, or a variant that is bounded below and does not care for the scale of the energy.

    With the gap g = E⁻ - E⁺, or g = log E⁻ - log E⁺: ``difference`` is -g, Eq. 10; ``softplus`` is log(1 + exp(margin -
    g)), which fades out above the margin; ``hinge`` is max(margin - g, 0), which stops there, so that energies that
    are already told apart are left alone.

    Args:
        positive: E⁺, ``(M,)``.
        negative: E⁻, ``(M,)``, of the same queries.
        form: of the three above.
        margin: the wanted gap, in energy, or in e-folds with ``log``; ``difference`` has no use for it.
        log: compare logarithms. Energies below 1e-12 count as 1e-12 and get no gradient.

    Returns:
        A scalar, the mean over pairs; smaller = better told apart; at least 0 except for ``difference``.
    """
    if log:
        positive, negative = _log(positive), _log(negative)
    if form == "difference":
        return contrastive_divergence(positive, negative)
    gap = negative - positive
    return (_softplus(gap, margin) if form == "softplus" else F.relu(margin - gap)).mean()


def energy_penalty(positive: Tensor, negative: Tensor) -> Tensor:
    """Mean of E⁺² + E⁻² (Du & Mordatch 2019): keeps Eq. 10 from scaling the energy without end.

    Args:
        positive: E⁺, ``(M,)``.
        negative: E⁻, ``(M,)``.

    Returns:
        A scalar, at least 0, in energy squared.
    """
    return (positive.square() + negative.square()).mean()


def position_contrast(residuals: Tensor, mask: Tensor, *, margin: float = 1.0) -> Tensor:
    """Ranks corrupted positions above clean ones: mean over pairs of log(1 + exp(margin - (log r_c - log r_n))).

    Every pair of a corrupted position c and a clean one n of the same row counts, and every row with both kinds counts
    the same. Put the positions of a query and its corrupted twin in one row to rank against the clean picture as well.

    Args:
        residuals: r, ``(B, P)``, at least 0: how much of each position is unexplained. Values below 1e-12 count as
            1e-12 and get no gradient.
        mask: ``(B, P)`` bool, True where corrupted.
        margin: by how many e-folds corrupted positions should lie above.

    Returns:
        A scalar, at least 0; smaller = better told apart; 0 (with a gradient of zero) if no row has both kinds.
    """
    ranked = []
    for levels, corrupted in zip(_log(residuals), mask, strict=True):
        gaps = levels[corrupted][:, None] - levels[~corrupted]
        if gaps.numel():
            ranked.append(_softplus(gaps, margin).mean())
    # Still part of the graph, so that a batch without any corruption does not end the training.
    return torch.stack(ranked).mean() if ranked else residuals.sum() * 0


def _softplus(gap: Tensor, margin: float) -> Tensor:
    return F.softplus(margin - gap)


def _log(values: Tensor) -> Tensor:
    return values.clamp(min=TINY).log()
