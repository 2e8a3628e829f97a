"""Detectors: adapt to normal images, predict on others. One folder per method."""

from tenshot.detectors.adaptive_energy import Adapted, Detector, LeftOut, SupportImage

__all__ = ["Adapted", "Detector", "LeftOut", "SupportImage"]
