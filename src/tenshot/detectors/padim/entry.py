"""PaDiM in the list of all detectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenshot.detectors.entries import Entry
from tenshot.detectors.framed import FramedDetector
from tenshot.detectors.padim.method import Padim, PadimSettings
from tenshot.detectors.settings import apply_changes

if TYPE_CHECKING:
    from tenshot.detectors.entries import Materials

__all__ = ["ENTRIES"]


def _build(materials: Materials) -> FramedDetector:
    config = apply_changes(PadimSettings, materials)
    return FramedDetector(Padim(materials.extractors(config.extractor), config, seed=materials.seed))


ENTRIES = (
    Entry("padim", "PaDiM (Defard et al., 2020): a Gaussian per position over the same features", "shots", _build),
)
