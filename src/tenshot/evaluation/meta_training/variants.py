"""The variants of a training whose curves are compared, each a change of one base in one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tenshot.evaluation.ledger import Cell

__all__ = ["BASE", "COMPARISONS", "USUAL", "VARIANTS", "Variant", "cells_of"]

BASE = "base"

USUAL = {
    "episode": {"shots": 3, "queries": 3},
    "negatives": {"patches": {"area": (0.01, 0.05), "aspect": (0.2, 5.0), "log_aspect": True}},
    "langevin": {"steps": 2, "step_size": 0.002, "noise": 0.0005},
    "coding": {"method": "full", "shrinkage": "sigshrink", "lambda_max": 0.9, "lambda_min": 0.4},
    "optimiser": {"learning_rate": 5e-4},
    "validating": {"episodes": 4},
    "run": {"episodes_per_step": 1},
}
"""Settings of a base in which two processor cores see something within a minute or two: patches that are no needles,
and codes so sparse that they cannot explain damage by many atoms at once, which is where losses otherwise stay."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A training that differs from the base.

    Attributes:
        name: in records.
        title: in tables.
        changes: of the base's settings, as one would write them after ``tenshot train --set``.
    """

    name: str
    title: str
    changes: tuple[str, ...] = ()


VARIANTS = (
    Variant(BASE, "base"),
    Variant("soft", "soft shrinkage", ("coding.shrinkage=soft",)),
    Variant("nearest", "nearest atom, no codes", ("coding.method=nearest",)),
    Variant("noise", "from noise, J = 20", ("negatives.start=noise", "langevin.steps=20", "langevin.curriculum=[]")),
    Variant("no_reconstruction", "without L_rec", ("losses.eta0=0",)),
    Variant("no_contrast", "without L_cd", ("losses.eta1=0",)),
    Variant(
        "plain",
        "losses as printed",
        (
            "losses.reconstruction=mse",
            "losses.eta0=1",
            "losses.contrast=difference",
            "losses.eta1=0.25",
            "losses.log=false",
            "losses.positions=0",
            "losses.energy_penalty=0",
            "losses.anchor=0",
        ),
    ),
)

COMPARISONS = {
    "Shrinkage (Fig. 5)": {BASE: "SigShrink", "soft": "soft shrinkage", "nearest": "nearest atom"},
    "Start of the sampler (Fig. E)": {BASE: "from patches", "noise": "from noise, J = 20"},
    "Terms of the loss": {BASE: "both", "no_reconstruction": "without L_rec", "no_contrast": "without L_cd"},
    "Losses": {BASE: "stabilised", "plain": "as printed, Eqs. 10 to 12"},
}
"""Which variants are shown beside each other, and what they are called there."""


def cells_of(cells: Iterable[Cell], variant: Variant) -> list[Cell]:
    """The trainings of a variant as it is now."""
    return [cell for cell in cells if cell["variant"] == variant.name and cell["changes"] == list(variant.changes)]
