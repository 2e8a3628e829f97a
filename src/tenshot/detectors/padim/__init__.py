"""PaDiM: one Gaussian per position over pretrained features (Defard et al., 2020)."""

from tenshot.detectors.padim.method import GaussianNormality, Padim, PadimSettings

__all__ = ["GaussianNormality", "Padim", "PadimSettings"]
