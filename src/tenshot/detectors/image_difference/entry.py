"""Image differencing and background subtraction in the list of all detectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenshot.detectors.entries import Entry
from tenshot.detectors.framed import FramedDetector
from tenshot.detectors.image_difference.method import Background, BackgroundSettings, Difference, DifferenceSettings
from tenshot.detectors.settings import apply_changes

if TYPE_CHECKING:
    from tenshot.detectors.entries import Materials

__all__ = ["ENTRIES"]


def _build_difference(materials: Materials) -> FramedDetector:
    return FramedDetector(Difference(apply_changes(DifferenceSettings, materials)))


def _build_background(materials: Materials) -> FramedDetector:
    return FramedDetector(Background(apply_changes(BackgroundSettings, materials)))


ENTRIES = (
    Entry(
        "difference", "image differencing: distance to the closest normal pixel in place", "shots", _build_difference
    ),
    Entry(
        "background",
        "background subtraction: distance to the median pixel, in robust deviations",
        "shots",
        _build_background,
    ),
)
