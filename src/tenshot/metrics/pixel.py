"""Metrics of anomaly maps, exact at every threshold.

Each function counts anew; :func:`pixel_metrics` gives all of them for the price of one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tenshot.metrics.curve import PixelCurve

if TYPE_CHECKING:
    from tenshot.metrics.curve import Maps

__all__ = ["PixelFigures", "aupro", "miou", "pixel_auroc", "pixel_average_precision", "pixel_metrics"]


class PixelFigures(NamedTuple):
    """All metrics of anomaly maps; larger is better.

    Attributes:
        auroc: as :func:`pixel_auroc`.
        average_precision: as :func:`pixel_average_precision`.
        aupro: as :func:`aupro`.
        miou: as :func:`miou`.
    """

    auroc: float
    average_precision: float
    aupro: float
    miou: float


def pixel_metrics(masks: Maps, maps: Maps, *, fpr_limit: float = 0.3) -> PixelFigures:
    """All metrics of anomaly maps, counted once.

    Args:
        masks: as for :func:`pixel_auroc`.
        maps: as for :func:`pixel_auroc`.
        fpr_limit: of :func:`aupro`, in (0, 1].

    Raises:
        InputError: as :func:`aupro`.
    """
    curve = PixelCurve.of(masks, maps)
    return PixelFigures(curve.auroc, curve.average_precision, curve.aupro(fpr_limit), curve.miou)


def pixel_auroc(masks: Maps, maps: Maps) -> float:
    """Chance that an anomalous pixel of any image lies above a normal pixel of any image; ties count half.

    Args:
        masks: N masks ``(H, W)``, nonzero = anomalous; both kinds of pixel present. Sizes may differ between images.
        maps: N maps of the masks' sizes, finite, larger = more anomalous, any scale.

    Returns:
        In [0, 1]; larger is better, 0.5 is chance.

    Raises:
        InputError: wrong shapes, only one kind of pixel, or a value that is not a finite number.
    """
    return PixelCurve.of(masks, maps).auroc


def pixel_average_precision(masks: Maps, maps: Maps) -> float:
    """Precision averaged over recall, without interpolation, over the pixels of all images.

    Unlike :func:`pixel_auroc` it does not forgive false alarms because normal pixels are many. Arguments and errors as
    there.

    Returns:
        In (0, 1]; larger is better, the share of anomalous pixels is chance.
    """
    return PixelCurve.of(masks, maps).average_precision


def aupro(masks: Maps, maps: Maps, *, fpr_limit: float = 0.3) -> float:
    """Area under the per-region overlap (Bergmann et al., 2020): small defects count as much as large ones.

    Per-region overlap is the share of each connected anomalous region (8 neighbours) at or above a threshold, averaged
    over the regions of all images. It is integrated over the false positive rate, which counts normal pixels of all
    images, from 0 to the limit, and divided by the limit.

    Args:
        masks: as for :func:`pixel_auroc`.
        maps: as for :func:`pixel_auroc`.
        fpr_limit: in (0, 1].

    Returns:
        In [0, 1]; larger is better, half the limit is chance.

    Raises:
        InputError: wrong shapes, only one kind of pixel, a value that is not a finite number, or a limit outside
            (0, 1].
    """
    return PixelCurve.of(masks, maps).aupro(fpr_limit)


def miou(masks: Maps, maps: Maps) -> float:
    """Intersection over union of anomalous pixels, those of all images together, at the best threshold.

    A pixel is flagged if its value is at or above the threshold, which is the same for all images. The paper normalises
    maps "uniformly" over the test set and names no threshold; normalisation changes no rank, so this is the most that
    any threshold on normalised maps gives. The threshold is chosen with the truth in hand: an upper bound of what a
    fixed one would reach. Arguments and errors as for :func:`pixel_auroc`.

    Returns:
        In (0, 1]; larger is better, the share of anomalous pixels is what flagging everything gives.
    """
    return PixelCurve.of(masks, maps).miou
