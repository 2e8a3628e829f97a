"""Losses of episodic training: the paper's (Eqs. 10 to 12) and the variants that keep it stable."""

from tenshot.losses.contrast import (
    ContrastForm,
    contrast,
    contrastive_divergence,
    energy_penalty,
    position_contrast,
)
from tenshot.losses.repair import direction, reconstruction, remaining

__all__ = [
    "ContrastForm",
    "contrast",
    "contrastive_divergence",
    "direction",
    "energy_penalty",
    "position_contrast",
    "reconstruction",
    "remaining",
]
