"""The sparse auto-encoder in the list of all detectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenshot.detectors.entries import Entry
from tenshot.detectors.framed import FramedDetector
from tenshot.detectors.settings import apply_changes
from tenshot.detectors.sparse_autoencoder.learning import train
from tenshot.detectors.sparse_autoencoder.method import SIDE, SparseAutoEncoderMethod, SparseSettings

if TYPE_CHECKING:
    from tenshot.detectors.entries import Materials

__all__ = ["ENTRIES"]


def _build(materials: Materials) -> FramedDetector:
    apply_changes(SparseSettings, materials)
    return FramedDetector(SparseAutoEncoderMethod(seed=materials.seed, trained=materials.trained))


ENTRIES = (
    Entry(
        "sparse_ae",
        "auto-encoder whose middle is sparse codes over the shots, trained over other products (appendix B.5)",
        "tasks",
        _build,
        train,
        SIDE,
    ),
)
