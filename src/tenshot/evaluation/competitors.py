"""The detectors that are compared: the product's settings, and controls that differ from it in one thing each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenshot.core.errors import InputError

if TYPE_CHECKING:
    from tenshot.core.config import DetectorConfig

__all__ = ["COMPETITORS", "configure", "describe"]

Changes = dict[str, dict[str, Any]]

COMPETITORS: dict[str, tuple[str, Changes]] = {
    "default": ("tenshot's default", {}),
    "nearest": (
        "nearest neighbour: same features, map and score, all atoms",
        {"coding": {"method": "nearest"}, "dictionary": {"atoms": None}},
    ),
    "nearest_raw": (
        "nearest neighbour on features that are not normalised, all atoms",
        {"coding": {"method": "nearest", "normalise": False}, "dictionary": {"atoms": None}},
    ),
    "active": (
        "ISTC, eight iterations, over the same active set; same features, map and score",
        {"coding": {"method": "active"}},
    ),
    "full": (
        "ISTC, eight iterations, over all atoms; same features, map and score",
        {"coding": {"method": "full"}, "dictionary": {"atoms": None}},
    ),
    "paper": (
        "the paper's reading: ISTC over the whole dictionary, SigShrink, gradient map, score = energy",
        {
            "coding": {"method": "full", "shrinkage": "sigshrink"},
            "dictionary": {"atoms": None},
            "scoring": {"map": "gradient", "score": "energy"},
        },
    ),
}


def configure(name: str, base: DetectorConfig) -> DetectorConfig:
    """The settings of a competitor: the base with what makes the competitor.

    Raises:
        InputError: for an unknown competitor.
    """
    if name not in COMPETITORS:
        msg = f"detector: expected one of {', '.join(COMPETITORS)}, got {name!r}"
        raise InputError(msg)
    _, changes = COMPETITORS[name]
    return base.model_copy(
        update={section: getattr(base, section).model_copy(update=values) for section, values in changes.items()}
    )


def describe(config: DetectorConfig) -> dict[str, Any]:
    """Settings in plain types, without the folder that weights came from."""
    plain = config.model_dump(mode="json")
    weights = config.extractor.weights
    plain["extractor"]["weights"] = weights.name if weights else None
    return plain
