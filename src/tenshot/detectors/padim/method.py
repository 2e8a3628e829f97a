"""A Gaussian per position, from fewer shots than dimensions.

The covariance of K shots is Σ = εI + XᵀX / (K − 1), with X the ``(K, d)`` deviations from the mean. It differs from a
multiple of the identity by a matrix of rank below K, so the Woodbury identity replaces the ``(d, d)`` inverse of every
position by a ``(K, K)`` one:

    Σ⁻¹ = (I − Xᵀ A⁻¹ X) / ε,    A = (K − 1) εI + XXᵀ = LLᵀ,    rᵀΣ⁻¹r = (‖r‖² − ‖L⁻¹Xr‖²) / ε
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import torch
from pydantic import Field

from tenshot.core.config import Settings
from tenshot.detectors.featured import FeatureMethod, FeatureSettings
from tenshot.detectors.framed import Normality
from tenshot.detectors.settings import Smoothing
from tenshot.energy import upsample

if TYPE_CHECKING:
    from torch import Tensor

    from tenshot.features import Extractor

__all__ = ["GaussianNormality", "Padim", "PadimSettings"]


class _Gaussian(Settings):
    """What the Gaussians are over.

    Attributes:
        dimensions: how many feature channels are kept, drawn at random; all of them if there are fewer.
        ridge: ε, added to the diagonal of every covariance.
    """

    dimensions: Annotated[int, Field(ge=1)] = 100
    ridge: Annotated[float, Field(gt=0)] = 0.01


class PadimSettings(FeatureSettings):
    """Settings of PaDiM.

    Attributes:
        gaussian: what the Gaussians are over.
        scoring: how distances become a map.
    """

    gaussian: _Gaussian = _Gaussian()
    scoring: Smoothing = Smoothing()


class Padim(FeatureMethod):
    """PaDiM.

    Args:
        extractor: Ψ, frozen; shared, not copied.
        config: settings.
        seed: of the draw of channels.
    """

    def __init__(self, extractor: Extractor, config: PadimSettings, *, seed: int = 0) -> None:
        super().__init__(extractor, config)
        self.config = config
        self.seed = seed
        total = sum(extractor.spec.channels)
        drawn = torch.randperm(total, generator=torch.Generator().manual_seed(seed))
        self.channels = tuple(sorted(drawn[: config.gaussian.dimensions].tolist()))

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that decides what it computes, in plain types."""
        return super().settings | {"seed": self.seed}

    def represent(self, frames: Tensor) -> Tensor:
        """Frames ``(B, 3, h, w)`` in [0, 1] to the drawn channels of their features, ``(B, d, h', w')``."""
        return super().represent(frames)[:, list(self.channels)]

    def fit(self, support: Tensor) -> GaussianNormality:
        """A Gaussian per position; of a single shot, its features and the covariance εI."""
        # The two squares of the last equation are large and close together for whatever looks like a shot.
        shots = support.permute(2, 3, 0, 1).double()
        mean = shots.mean(dim=2)
        deviations = shots - mean[:, :, None]
        ridge, count = self.config.gaussian.ridge, len(support)
        gram = deviations @ deviations.mT
        # A single shot deviates from nothing: any positive diagonal leaves its zeros as they are.
        diagonal = max(count - 1, 1) * ridge * torch.eye(count).to(gram)
        lower = torch.linalg.cholesky(gram + diagonal)
        rows = torch.linalg.solve_triangular(lower, deviations, upper=False)
        return GaussianNormality(mean, rows, ridge, self.config.scoring)


@dataclass(frozen=True, eq=False)
class GaussianNormality(Normality):
    """A Gaussian per position, its inverse covariance in factors.

    Attributes:
        mean: ``(h', w', d)``, in double precision.
        rows: ``(h', w', K, d)``, L⁻¹X, likewise.
        ridge: ε.
        scoring: how distances become a map.
    """

    mean: Tensor
    rows: Tensor
    ridge: float
    scoring: Smoothing

    def distances(self, features: Tensor) -> Tensor:
        """The Mahalanobis distance of every position: ``(B, d, h', w')`` to ``(B, h', w')``, at least 0."""
        deviation = features.permute(0, 2, 3, 1) - self.mean
        explained = torch.einsum("hwkd,bhwd->bhwk", self.rows, deviation)
        squared = deviation.square().sum(dim=-1) - explained.square().sum(dim=-1)
        return (squared.clamp(min=0) / self.ridge).sqrt().to(features.dtype)

    def judge(self, representation: Tensor, *, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """See ``Normality.judge``; the score is the largest distance of all positions."""
        distances = self.distances(representation)
        return distances.flatten(1).amax(dim=1), upsample(distances, size, sigma=self.scoring.smoothing)
