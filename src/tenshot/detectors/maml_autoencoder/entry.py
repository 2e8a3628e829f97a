"""MAML-AE in the list of all detectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenshot.detectors.entries import Entry
from tenshot.detectors.framed import FramedDetector
from tenshot.detectors.maml_autoencoder.learning import train
from tenshot.detectors.maml_autoencoder.method import SIDE, MamlMethod, MamlSettings
from tenshot.detectors.settings import apply_changes

if TYPE_CHECKING:
    from tenshot.detectors.entries import Materials

__all__ = ["ENTRIES"]


def _build(materials: Materials) -> FramedDetector:
    settings = apply_changes(MamlSettings, materials)
    return FramedDetector(MamlMethod(settings, seed=materials.seed, trained=materials.trained))


ENTRIES = (
    Entry(
        "maml_ae",
        "auto-encoder started by meta-learning over other products, adapted by five gradient steps (MAML-AE)",
        "tasks",
        _build,
        train,
        SIDE,
    ),
)
