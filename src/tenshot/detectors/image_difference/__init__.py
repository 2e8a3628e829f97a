"""Image differencing and background subtraction: pixels compared with pixels, no network (appendix B.2)."""

from tenshot.detectors.image_difference.method import Background, BackgroundSettings, Difference, DifferenceSettings

__all__ = ["Background", "BackgroundSettings", "Difference", "DifferenceSettings"]
