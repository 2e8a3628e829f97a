"""What every detector can do, whatever its method: adapt to normal images, then predict on others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tenshot.core.types import Prediction
    from tenshot.detectors.photos import Source

__all__ = ["AdaptedDetector", "AnomalyDetector"]


class AdaptedDetector(Protocol):
    """A detector that knows what is normal. Immutable; safe from several threads."""

    @property
    def threshold(self) -> float:
        """A score above it is anomalous; calibrated from normal images alone."""

    def predict(self, images: Source | Iterable[Source]) -> list[Prediction]:
        """Judges images; one prediction each, in order, the same whatever it is asked together with.

        Raises:
            ImageError: for the first image that cannot be read; ``MissingError`` if it is not there.
        """


class AnomalyDetector(Protocol):
    """A method with its settings. Immutable; one detector serves any number of products and threads."""

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that decides what it computes, in plain types; no folders of this machine."""

    def adapt(self, images: Source | Iterable[Source], *, false_alarm_rate: float = 0.05) -> AdaptedDetector:
        """Learns what is normal. Returns a new object; the detector is unchanged. Deterministic.

        Args:
            images: normal images, one or more.
            false_alarm_rate: the share of normal images that may be flagged, in (0, 1).

        Raises:
            SupportError: for no images, images that cannot teach anything, or grey and colour mixed.
            InputError: for a rate outside (0, 1).
        """
