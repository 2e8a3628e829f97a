"""The adaptive energy model in the list of all detectors: as it ships, and as the paper reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenshot.core.config import DetectorConfig
from tenshot.detectors.adaptive_energy.detector import Detector
from tenshot.detectors.entries import Entry
from tenshot.detectors.settings import apply_changes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenshot.detectors.entries import Materials

__all__ = ["ENTRIES", "PAPER", "build_with"]

PAPER: dict[str, dict[str, Any]] = {
    "extractor": {"name": "resnet10"},
    "coding": {"method": "full", "shrinkage": "sigshrink"},
    "dictionary": {"atoms": None},
    "scoring": {"map": "gradient", "score": "energy"},
}


def build_with(own: Mapping[str, Mapping[str, Any]], materials: Materials) -> Detector:
    """The adaptive energy model with a detector's own settings, changed as the materials say.

    Args:
        own: settings by section.
        materials: whose extractor and changes win.

    Raises:
        InputError: for a setting that does not exist or a value that is not allowed.
    """
    config = apply_changes(DetectorConfig, materials, own=own)
    return Detector(materials.extractors(config.extractor), config)


def _build(materials: Materials) -> Detector:
    return build_with({}, materials)


def _build_paper(materials: Materials) -> Detector:
    return build_with(PAPER, materials)


ENTRIES = (
    Entry("adaptive", "tenshot's default: local codes over an active set of pretrained features", "shots", _build),
    Entry(
        "paper",
        "Wang et al. (2022) as printed: ISTC over the whole dictionary, SigShrink, gradient map, score = energy; on "
        "an untrained ResNet-10 unless another extractor is named",
        "shots",
        _build_paper,
    ),
)
