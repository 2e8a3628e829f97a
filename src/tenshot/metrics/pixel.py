"""Metrics of anomaly maps, exact at every threshold.

Both are integrals of a curve that only moves at pixel values, and the area right of a pixel is known once we know how
many normal pixels lie above it. So it is enough to sort the anomalous pixels and to count each map's normal pixels
between them: no threshold grid, and memory for the anomalous pixels and one map at a time, not for all pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tenshot.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Maps = Sequence[NDArray[Any]] | NDArray[Any]

__all__ = ["aupro", "pixel_auroc"]


def pixel_auroc(masks: Maps, maps: Maps) -> float:
    """Chance that an anomalous pixel of any image lies above a normal pixel of any image; ties count half.

    Args:
        masks: N masks ``(H, W)``, nonzero = anomalous; both kinds of pixel present. Sizes may differ between images.
        maps: N maps of the masks' sizes, finite, larger = more anomalous, any scale.

    Returns:
        In [0, 1]; larger is better, 0.5 is chance.

    Raises:
        InputError: wrong shapes, only one kind of pixel, or a value that is not finite.
    """
    truths = _truths(masks, maps)
    values = np.concatenate([_values(heat)[truth] for truth, heat in zip(truths, maps, strict=True)])
    return float(_areas(values, truths, maps, limit=1.0).mean())


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
        InputError: wrong shapes, only one kind of pixel, a value that is not finite, or a limit outside (0, 1].
    """
    if not 0 < fpr_limit <= 1:
        msg = f"fpr_limit must lie in (0, 1], got {fpr_limit}"
        raise InputError(msg)
    truths = _truths(masks, maps)
    regions = [_region_means(truth) for truth in truths]
    values = np.concatenate([_values(heat)[truth] for truth, heat in zip(truths, maps, strict=True)])
    weights = np.concatenate([share for share, _ in regions])
    count = sum(number for _, number in regions)
    return float(_areas(values, truths, maps, limit=fpr_limit) @ weights / (count * fpr_limit))


def _region_means(truth: NDArray[np.bool_]) -> tuple[NDArray[np.float64], int]:
    """For each anomalous pixel 1 / (size of its region), and the number of regions."""
    from scipy import ndimage

    labelled, count = ndimage.label(truth, structure=np.ones((3, 3)))
    return 1 / np.bincount(labelled.ravel())[labelled[truth]], int(count)


def _areas(
    values: NDArray[np.float64], truths: list[NDArray[np.bool_]], maps: Maps, *, limit: float
) -> NDArray[np.float64]:
    """Area that each anomalous pixel adds: right of the false positive rate at which it is found, up to the limit.

    At a value shared with normal pixels the curve is a straight rise, as in the trapezoid rule.
    """
    levels, inverse = np.unique(values, return_inverse=True)
    above, at = _normal_counts(levels, truths, maps)
    total = sum(truth.size - np.count_nonzero(truth) for truth in truths)
    rise = at / total
    reach = np.clip(limit - above / total, 0, None)
    covered = np.minimum(reach, rise)
    half = np.divide(covered, 2 * rise, out=np.zeros_like(rise), where=at > 0)
    area: NDArray[np.float64] = (reach - covered + covered * half)[inverse]
    return area


def _normal_counts(
    levels: NDArray[np.float64], truths: list[NDArray[np.bool_]], maps: Maps
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each ascending level, how many normal pixels lie above it and how many at it."""
    passed, at = np.zeros(levels.size + 1, dtype=np.int64), np.zeros(levels.size + 1, dtype=np.int64)
    fence = np.append(levels, np.inf)
    for truth, heat in zip(truths, maps, strict=True):
        normal = np.sort(_values(heat)[~truth])  # sorted queries walk the levels in order, which is far faster
        slots = np.searchsorted(levels, normal)  # how many levels lie below each normal pixel
        for counts, hits in ((passed, slots), (at, slots[fence[slots] == normal])):
            index, number = np.unique(hits, return_counts=True)
            counts[index] += number
    return passed.sum() - passed.cumsum()[:-1], at[:-1]


def _truths(masks: Maps, maps: Maps) -> list[NDArray[np.bool_]]:
    """The masks as booleans, once everything has been checked."""
    if len(masks) != len(maps):
        msg = f"there must be one mask a map, got {len(masks)} masks and {len(maps)} maps"
        raise InputError(msg)
    truths = [np.asarray(mask) != 0 for mask in masks]
    for number, (truth, heat) in enumerate(zip(truths, maps, strict=True)):
        if truth.ndim != 2 or truth.shape != np.shape(heat):  # noqa: PLR2004
            msg = f"map {number}: mask and map must be (H, W) alike, got {truth.shape}, {np.shape(heat)}"
            raise InputError(msg)
        if not np.isfinite(_values(heat)).all():
            msg = f"map {number}: values must be finite, got NaN or infinity"
            raise InputError(msg)
    anomalous, total = sum(np.count_nonzero(truth) for truth in truths), sum(truth.size for truth in truths)
    if not 0 < anomalous < total:
        msg = f"masks must hold normal and anomalous pixels, got {anomalous} anomalous of {total}"
        raise InputError(msg)
    return truths


def _values(heat: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(heat, dtype=np.float64)
