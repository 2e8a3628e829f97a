"""Nearest neighbour in the list of all detectors: the same scoring path with the coder taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenshot.detectors.adaptive_energy.entry import build_with
from tenshot.detectors.entries import Entry

if TYPE_CHECKING:
    from tenshot.detectors.adaptive_energy import Detector
    from tenshot.detectors.entries import Materials

__all__ = ["ENTRIES"]

NEAREST: dict[str, dict[str, Any]] = {"coding": {"method": "nearest"}, "dictionary": {"atoms": None}}
RAW: dict[str, dict[str, Any]] = {**NEAREST, "coding": {"method": "nearest", "normalise": False}}


def _build(materials: Materials) -> Detector:
    return build_with(NEAREST, materials)


def _build_raw(materials: Materials) -> Detector:
    return build_with(RAW, materials)


ENTRIES = (
    Entry("nearest", "nearest neighbour on the same features, all atoms; same map and score", "shots", _build),
    Entry("nearest_raw", "nearest neighbour on features that are not normalised, all atoms", "shots", _build_raw),
)
