"""Auto-encoders per product in the list of all detectors."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tenshot.detectors.autoencoder.method import AutoEncoderMethod, AutoEncoderSettings
from tenshot.detectors.entries import Entry
from tenshot.detectors.framed import FramedDetector
from tenshot.detectors.settings import apply_changes

if TYPE_CHECKING:
    from tenshot.detectors.autoencoder.method import Likeness
    from tenshot.detectors.entries import Materials

__all__ = ["ENTRIES"]


def _build(materials: Materials, *, likeness: Likeness) -> FramedDetector:
    settings = apply_changes(AutoEncoderSettings, materials)
    return FramedDetector(AutoEncoderMethod(likeness, settings, seed=materials.seed))


ENTRIES = (
    Entry(
        "ae_mse",
        "auto-encoder trained on all normals of the product, squared error",
        "all",
        partial(_build, likeness="mse"),
    ),
    Entry(
        "ae_ssim",
        "auto-encoder trained on all normals of the product, structural similarity (SSIM)",
        "all",
        partial(_build, likeness="ssim"),
    ),
)
