"""The principal subspace of all normal positions, and the residual of a position outside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import torch
from pydantic import Field

from tenshot.core.config import Settings
from tenshot.detectors.featured import FeatureMethod, FeatureSettings
from tenshot.detectors.framed import Normality
from tenshot.detectors.settings import WorstShare
from tenshot.energy import directions, upsample, worst_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from tenshot.features import Extractor

__all__ = ["PcaResidual", "PcaSettings", "SubspaceNormality"]


class _Subspace(Settings):
    """Which subspace is normal.

    Attributes:
        variance: the share of the variance of normal features that it explains at least, in (0, 1).
        normalise: look at directions of features (unit norm) instead of features.
    """

    variance: Annotated[float, Field(gt=0, lt=1)] = 0.95
    normalise: bool = False


class PcaSettings(FeatureSettings):
    """Settings of the subspace.

    Attributes:
        subspace: which subspace is normal.
        scoring: how residuals become a map and a score.
    """

    subspace: _Subspace = _Subspace()
    scoring: WorstShare = WorstShare()


class PcaResidual(FeatureMethod):
    """One subspace for all positions of all shots.

    Args:
        extractor: Ψ, frozen; shared, not copied.
        config: settings.
    """

    def __init__(self, extractor: Extractor, config: PcaSettings) -> None:
        super().__init__(extractor, config)
        self.config = config

    def represent(self, frames: Tensor) -> Tensor:
        """Frames ``(B, 3, h, w)`` in [0, 1] to features ``(B, d, h', w')``."""
        features = super().represent(frames)
        spec = self.extractor.spec
        return directions(features, spec.channels, spec.balance) if self.config.subspace.normalise else features

    def fit(self, support: Tensor) -> SubspaceNormality:
        """The mean of all positions, and the fewest principal directions that explain the wanted share."""
        return self._subspace(_Moments.of(support).sum())

    def held_out(self, support: Tensor) -> Iterator[tuple[Normality, int]]:
        """Each in turn; sums over the others are the sum over all less its own, so every position is summed once."""
        moments = _Moments.of(support)
        total = moments.sum()
        for index in range(len(support)):
            yield self._subspace(total.without(moments, index)), index

    def _subspace(self, moments: _Moments) -> SubspaceNormality:
        mean = moments.first / moments.count
        covariance = moments.second / moments.count - torch.outer(mean, mean)
        variances, vectors = torch.linalg.eigh(covariance)
        falling = variances.flip(0).clamp(min=0)
        explained = falling.cumsum(0) / falling.sum()
        rank = int((explained < self.config.subspace.variance).sum()) + 1
        basis = vectors[:, -rank:]
        return SubspaceNormality(mean.float(), basis.float(), self.config.scoring)


@dataclass(frozen=True, eq=False)
class SubspaceNormality(Normality):
    """A linear subspace through the mean.

    Attributes:
        mean: ``(d,)``.
        basis: ``(d, q)``, orthonormal columns.
        scoring: how residuals become a map and a score.
    """

    mean: Tensor
    basis: Tensor
    scoring: WorstShare

    def residuals(self, features: Tensor) -> Tensor:
        """How far every position is from the subspace: ``(B, d, h', w')`` to ``(B, h', w')``, at least 0."""
        deviation = features.permute(0, 2, 3, 1) - self.mean
        return (deviation - deviation @ self.basis @ self.basis.T).norm(dim=-1)

    def judge(self, representation: Tensor, *, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """See ``Normality.judge``; the score is the mean of the worst share of positions."""
        residuals = self.residuals(representation)
        scores = worst_mean(residuals.flatten(1), self.scoring.worst_share)
        return scores, upsample(residuals, size, sigma=self.scoring.smoothing)


@dataclass(frozen=True, eq=False)
class _Moments:
    """Sums over positions, in double precision: differences of them lose nothing that matters.

    Attributes:
        count: of positions.
        first: ``(…, d)``, the sum of features.
        second: ``(…, d, d)``, the sum of their outer products.
    """

    count: int
    first: Tensor
    second: Tensor

    @classmethod
    def of(cls, support: Tensor) -> _Moments:
        """Of each of K shots: ``(K, d, h', w')``."""
        positions = support.flatten(2)
        second = torch.stack([each.double() @ each.double().T for each in positions])
        return cls(positions.shape[2], positions.double().sum(dim=2), second)

    def sum(self) -> _Moments:
        """Over all shots."""
        return _Moments(self.count * len(self.first), self.first.sum(dim=0), self.second.sum(dim=0))

    def without(self, shots: _Moments, index: int) -> _Moments:
        """Of all shots, less one of them."""
        return _Moments(self.count - shots.count, self.first - shots.first[index], self.second - shots.second[index])
