"""Pure metric functions: ranks only, so that energies of any scale give the same figure."""

from tenshot.metrics.image import average_precision, image_auroc
from tenshot.metrics.pixel import aupro, pixel_auroc

__all__ = ["aupro", "average_precision", "image_auroc", "pixel_auroc"]
