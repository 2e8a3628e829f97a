"""Pure metric functions: ranks only, so that energies of any scale give the same figure."""

from tenshot.metrics.curve import PixelCurve
from tenshot.metrics.image import average_precision, f1_max, image_auroc
from tenshot.metrics.pixel import PixelFigures, aupro, miou, pixel_auroc, pixel_average_precision, pixel_metrics

__all__ = [
    "PixelCurve",
    "PixelFigures",
    "aupro",
    "average_precision",
    "f1_max",
    "image_auroc",
    "miou",
    "pixel_auroc",
    "pixel_average_precision",
    "pixel_metrics",
]
