"""Negatives: where the search for abnormal pictures starts."""

from tenshot.negatives.damage import DamageSettings, changed, damage
from tenshot.negatives.patches import PatchSettings, corrupt, noise_start

__all__ = ["DamageSettings", "PatchSettings", "changed", "corrupt", "damage", "noise_start"]
