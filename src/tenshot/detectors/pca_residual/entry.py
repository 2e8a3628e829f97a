"""The principal subspace in the list of all detectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenshot.detectors.entries import Entry
from tenshot.detectors.framed import FramedDetector
from tenshot.detectors.pca_residual.method import PcaResidual, PcaSettings
from tenshot.detectors.settings import apply_changes

if TYPE_CHECKING:
    from tenshot.detectors.entries import Materials

__all__ = ["ENTRIES"]


def _build(materials: Materials) -> FramedDetector:
    config = apply_changes(PcaSettings, materials)
    return FramedDetector(PcaResidual(materials.extractors(config.extractor), config))


ENTRIES = (Entry("pca", "distance to the principal subspace of all normal positions, same features", "shots", _build),)
