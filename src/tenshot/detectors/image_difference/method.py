"""How far each pixel is from the same pixel of normal frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import torch
from pydantic import Field

from tenshot.core.config import Settings
from tenshot.detectors.framed import Method, Normality
from tenshot.detectors.settings import WorstShare
from tenshot.energy import gaussian_blur, worst_mean

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "Background",
    "BackgroundNormality",
    "BackgroundSettings",
    "Difference",
    "DifferenceNormality",
    "DifferenceSettings",
]

# The median absolute deviation of a normal distribution is its standard deviation divided by this.
MAD_TO_DEVIATION = 1.4826


class _Pixels(Settings):
    """How pixels are compared.

    Attributes:
        prefilter: standard deviation of the Gaussian smoothing of frames, in pixels: takes sensor noise away.
    """

    prefilter: Annotated[float, Field(ge=0)] = 1.0


class _Spread(_Pixels):
    """How pixels are compared with a background.

    Attributes:
        floor: the least spread of a pixel, in pixel values from 0 to 1; a few shots may agree by chance.
    """

    floor: Annotated[float, Field(gt=0, le=1)] = 0.02


class DifferenceSettings(Settings):
    """Settings of image differencing.

    Attributes:
        image_size: side in pixels of the square whose area the frames have.
        pixels: how pixels are compared.
        scoring: how distances become a map and a score.
    """

    image_size: Annotated[int, Field(ge=32, le=4096)] = 256
    pixels: _Pixels = _Pixels()
    scoring: WorstShare = WorstShare()


class BackgroundSettings(DifferenceSettings):
    """Settings of background subtraction.

    Attributes:
        pixels: how pixels are compared with a background.
    """

    pixels: _Spread = _Spread()


class Difference(Method):
    """Image differencing: the distance to the closest normal frame, pixel by pixel.

    Args:
        config: settings.
    """

    def __init__(self, config: DifferenceSettings) -> None:
        self.config = config
        self.image_size = config.image_size

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that decides what it computes, in plain types."""
        return self.config.model_dump(mode="json")

    def represent(self, frames: Tensor) -> Tensor:
        """Frames ``(B, 3, h, w)`` in [0, 1], lightly smoothed."""
        return gaussian_blur(frames.flatten(0, 1), self.config.pixels.prefilter).view(frames.shape)

    def fit(self, support: Tensor) -> Normality:
        """Keeps the frames."""
        return DifferenceNormality(support, self.config.scoring)


class Background(Difference):
    """Background subtraction: the distance to the median frame, in units of each pixel's own spread.

    Args:
        config: settings.
    """

    def __init__(self, config: BackgroundSettings) -> None:
        super().__init__(config)
        self.floor = config.pixels.floor

    def fit(self, support: Tensor) -> Normality:
        """The median and the median absolute deviation of every value; of one frame, itself and the floor."""
        centre = _median(support)
        spread = MAD_TO_DEVIATION * _median((support - centre).abs())
        return BackgroundNormality(centre, spread.clamp(min=self.floor), self.config.scoring)


@dataclass(frozen=True, eq=False)
class DifferenceNormality(Normality):
    """Normal frames.

    Attributes:
        support: ``(K, 3, h, w)`` in [0, 1].
        scoring: how distances become a map and a score.
    """

    support: Tensor
    scoring: WorstShare

    def judge(self, representation: Tensor, *, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """See ``Normality.judge``; distances are in pixel values, 1 from black to white."""
        return _read(torch.stack([self._nearest(frame) for frame in representation]), self.scoring, size)

    def _nearest(self, frame: Tensor) -> Tensor:
        """``(3, h, w)`` to ``(h, w)``: root mean square over colours, least over shots."""
        return torch.stack([(frame - shot).square().mean(dim=0) for shot in self.support]).amin(dim=0).sqrt()


@dataclass(frozen=True, eq=False)
class BackgroundNormality(Normality):
    """A background model.

    Attributes:
        centre: ``(3, h, w)`` in [0, 1].
        spread: ``(3, h, w)``, above 0.
        scoring: how distances become a map and a score.
    """

    centre: Tensor
    spread: Tensor
    scoring: WorstShare

    def judge(self, representation: Tensor, *, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """See ``Normality.judge``; distances are in standard deviations, root mean square over colours."""
        deviations = (representation - self.centre) / self.spread
        return _read(deviations.square().mean(dim=1).sqrt(), self.scoring, size)


def _read(distances: Tensor, scoring: WorstShare, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    assert tuple(distances.shape[-2:]) == size, "frames and maps are of one size"  # noqa: S101 - our own invariant
    scores = worst_mean(distances.flatten(1), scoring.worst_share)
    return scores, gaussian_blur(distances, scoring.smoothing)


def _median(values: Tensor) -> Tensor:
    """Over the first dimension; of an even number of values, the mean of the middle two."""
    ordered = values.sort(dim=0).values
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
