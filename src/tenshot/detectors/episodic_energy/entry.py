"""The paper's network trained in episodes, in the list of all detectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenshot.core.config import DetectorConfig
from tenshot.core.errors import InputError
from tenshot.detectors.adaptive_energy.detector import Detector
from tenshot.detectors.adaptive_energy.entry import PAPER
from tenshot.detectors.entries import Entry
from tenshot.detectors.episodic_energy.learning import DESIGN, train
from tenshot.detectors.settings import apply_changes
from tenshot.features import ResNet10Extractor

if TYPE_CHECKING:
    from tenshot.detectors.entries import Materials

__all__ = ["ENTRIES"]


def _build(materials: Materials) -> Detector:
    if materials.extractor is not None or "extractor" in materials.changes:
        named = materials.extractor or dict(materials.changes["extractor"])
        msg = f"extractor: expected none, because this detector trains its own, got {named!r}"
        raise InputError(msg)
    config = apply_changes(DetectorConfig, materials, own=PAPER)
    extractor = ResNet10Extractor(
        layers=DESIGN.layers,
        weights=materials.trained,
        strides=DESIGN.strides,
        image_size=DESIGN.image_size,
        neighbourhood=DESIGN.neighbourhood,
        seed=materials.seed,
    )
    return Detector(extractor, config)


ENTRIES = (
    Entry(
        "episodic",
        "Wang et al. (2022) whole: scored like paper, on its ResNet-10 trained in episodes (Algorithm 1)",
        "tasks",
        _build,
        train,
        DESIGN.image_size,
        DESIGN.facts(recipe="episodes"),
    ),
)
