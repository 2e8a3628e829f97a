"""The solvers of the coding layer that the speed benchmark compares, each the default changed in that one thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenshot.core.errors import InputError

if TYPE_CHECKING:
    from tenshot.core.config import DetectorConfig

__all__ = ["SOLVERS", "configure"]

Changes = dict[str, dict[str, Any]]

SOLVERS: dict[str, tuple[str, Changes]] = {
    "default": ("tenshot's default", {}),
    "active": (
        "ISTC, eight iterations, over the same active set; same features, map and score",
        {"coding": {"method": "active"}},
    ),
    "full": (
        "ISTC, eight iterations, over all atoms; same features, map and score",
        {"coding": {"method": "full"}, "dictionary": {"atoms": None}},
    ),
    "nearest": (
        "nearest neighbour: same features, map and score, all atoms",
        {"coding": {"method": "nearest"}, "dictionary": {"atoms": None}},
    ),
}


def configure(name: str, base: DetectorConfig) -> DetectorConfig:
    """The settings with another solver.

    Raises:
        InputError: for an unknown one.
    """
    if name not in SOLVERS:
        msg = f"solver: expected one of {', '.join(SOLVERS)}, got {name!r}"
        raise InputError(msg)
    _, changes = SOLVERS[name]
    return base.model_copy(
        update={section: getattr(base, section).model_copy(update=values) for section, values in changes.items()}
    )
