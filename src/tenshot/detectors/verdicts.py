"""From scores to verdicts: what every adapted detector makes of its held-out normals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tenshot.calibration import Predictive, fit_predictive
from tenshot.core.types import Prediction

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Verdicts"]


@dataclass(frozen=True)
class Verdicts:
    """A threshold and a map scale from normal images alone.

    Attributes:
        scores: of every normal image, held out; each at least 0.
        peaks: largest value of the map of every normal image, held out; each at least 0.
        false_alarm_rate: the share of normal images that may be flagged, in (0, 1).
    """

    scores: tuple[float, ...]
    peaks: tuple[float, ...]
    false_alarm_rate: float

    @cached_property
    def calibration(self) -> Predictive:
        """Where the score of the next normal image is expected."""
        return fit_predictive(self.scores)

    @cached_property
    def map_calibration(self) -> Predictive:
        """Where the largest map value of the next normal image is expected."""
        return fit_predictive(self.peaks)

    @cached_property
    def threshold(self) -> float:
        """A score above it is anomalous; a normal image exceeds it at the wanted false-alarm rate."""
        return self.calibration.threshold(self.false_alarm_rate)

    @cached_property
    def map_threshold(self) -> float:
        """The fixed map scale: a normal image has a pixel above it at the wanted false-alarm rate."""
        return self.map_calibration.threshold(self.false_alarm_rate)

    def on(self, name: str, score: float, anomaly_map: Tensor) -> Prediction:
        """The verdict on one image.

        Args:
            name: of the image.
            score: larger = more anomalous, at least 0.
            anomaly_map: ``(h, w)``, at least 0.
        """
        return Prediction(
            name=name,
            score=score,
            threshold=self.threshold,
            p_value=self.calibration.p_value(score),
            is_anomalous=score > self.threshold,
            anomaly_map=anomaly_map.cpu().numpy(),
            map_threshold=self.map_threshold,
        )
