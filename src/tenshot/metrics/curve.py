"""What is above what in a set of anomaly maps, counted once and exactly; every metric of pixels is a sum over it.

Recall and region overlap only change at values that an anomalous pixel has. At each of these levels it is enough to
know how many normal pixels lie above it and how many at it: no threshold grid, and nothing is sorted twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tenshot.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    Maps = Sequence[NDArray[Any]] | NDArray[Any]
    Counts = NDArray[np.int64]

__all__ = ["PixelCurve"]

CHUNK = 2**23
"""Normal pixels sorted at a time: more means memory, fewer means that the levels are looked up more often."""


@dataclass(frozen=True, eq=False, slots=True)
class PixelCurve:
    """Counts at the L distinct values of anomalous pixels, ascending. A pixel is flagged from a threshold upwards.

    Attributes:
        levels: ``(L,)`` the values, in the maps' own precision.
        anomalous: ``(L,)`` anomalous pixels at each level.
        overlap: ``(L,)`` share of the per-region overlap that is lost right above each level; sums to 1.
        normal_at: ``(L,)`` normal pixels at each level.
        normal_above: ``(L,)`` normal pixels above each level.
        normal: normal pixels in all.
    """

    levels: NDArray[np.floating[Any]]
    anomalous: Counts
    overlap: NDArray[np.float64]
    normal_at: Counts
    normal_above: Counts
    normal: int

    @classmethod
    def of(cls, masks: Maps, maps: Maps) -> PixelCurve:
        """Counts the pixels of all images together.

        The anomalous pixels are sorted in one piece, the normal ones some millions at a time, in float32 where that
        holds the maps exactly.

        Args:
            masks: N masks ``(H, W)``, nonzero = anomalous; both kinds of pixel present. Sizes may differ between
                images.
            maps: N maps of the masks' sizes, finite, larger = more anomalous, any scale.

        Raises:
            InputError: wrong shapes, only one kind of pixel, or a value that is not a finite number.
        """
        truths, heats = _checked(masks, maps)
        values = np.concatenate([heat[truth] for truth, heat in zip(truths, heats, strict=True)])
        levels, inverse = np.unique(values, return_inverse=True)
        overlap: NDArray[np.float64] = np.bincount(inverse, weights=_region_shares(truths)).astype(np.float64)
        at, above = _normal_counts(levels, truths, heats)
        return cls(
            levels=levels,
            anomalous=np.bincount(inverse),
            overlap=overlap,
            normal_at=at,
            normal_above=above,
            normal=sum(truth.size for truth in truths) - values.size,
        )

    @property
    def auroc(self) -> float:
        """Chance that an anomalous pixel lies above a normal one; ties count half."""
        twice_below = 2 * (self.normal - self.normal_above) - self.normal_at
        return int(self.anomalous @ twice_below) / (2 * int(self.anomalous.sum()) * self.normal)

    @property
    def average_precision(self) -> float:
        """Precision averaged over recall, without interpolation."""
        found = self._found()
        precision = found / (found + self.normal_at + self.normal_above)
        return float(self.anomalous @ precision / found[0])

    @property
    def miou(self) -> float:
        """Intersection over union of anomalous pixels at the best threshold."""
        found = self._found()
        return float((found / (found[0] + self.normal_at + self.normal_above)).max())

    def aupro(self, fpr_limit: float = 0.3) -> float:
        """Area under the per-region overlap up to a false positive rate in (0, 1], divided by it.

        Raises:
            InputError: a limit outside (0, 1].
        """
        if not 0 < fpr_limit <= 1:
            msg = f"fpr_limit must lie in (0, 1], got {fpr_limit}"
            raise InputError(msg)
        rise = self.normal_at / self.normal  # the curve is straight over it, as in the trapezoid rule
        reach = np.clip(fpr_limit - self.normal_above / self.normal, 0, None)
        covered = np.minimum(reach, rise)
        half = np.divide(covered, 2 * rise, out=np.zeros_like(rise), where=self.normal_at > 0)
        return float((reach - covered + covered * half) @ self.overlap / fpr_limit)

    def _found(self) -> Counts:
        """``(L,)`` anomalous pixels at or above each level; the first is all of them."""
        found: Counts = self.anomalous[::-1].cumsum()[::-1]
        return found


def _region_shares(truths: list[NDArray[np.bool_]]) -> NDArray[np.float64]:
    """For each anomalous pixel 1 / (size of its 8-connected region × regions of all images)."""
    from scipy import ndimage

    shares, regions = [], 0
    for truth in truths:
        if truth.any():
            labelled, count = ndimage.label(truth, structure=np.ones((3, 3)))
            numbers = labelled[truth]
            shares.append(1 / np.bincount(numbers)[numbers])
            regions += count
    return np.concatenate(shares) / regions


def _normal_counts(
    levels: NDArray[Any], truths: list[NDArray[np.bool_]], heats: list[NDArray[Any]]
) -> tuple[Counts, Counts]:
    """For each ascending level, how many normal pixels lie at it and how many above it."""
    at, above = np.zeros(levels.size, dtype=np.int64), np.zeros(levels.size, dtype=np.int64)
    normals = (heat[(heat >= levels[0]) & ~truth] for truth, heat in zip(truths, heats, strict=True))
    for chunk in _chunks(normals, dtype=levels.dtype):
        chunk.sort()
        end = np.searchsorted(chunk, levels, side="right")
        above += chunk.size - end
        [tied] = np.nonzero((end > 0) & (chunk[end - 1] == levels))
        at[tied] += end[tied] - np.searchsorted(chunk, levels[tied])
    return at, above


def _chunks(parts: Iterable[NDArray[Any]], *, dtype: np.dtype[Any]) -> Iterator[NDArray[Any]]:
    """The parts joined in pieces of at least ``CHUNK`` values, the last one shorter, none empty."""
    held: list[NDArray[Any]] = []
    size = 0
    for part in parts:
        held.append(part)
        size += part.size
        if size >= CHUNK:
            yield np.concatenate(held, dtype=dtype)
            held, size = [], 0
    if size:
        yield np.concatenate(held, dtype=dtype)


def _checked(masks: Maps, maps: Maps) -> tuple[list[NDArray[np.bool_]], list[NDArray[Any]]]:
    """The masks as booleans and the maps as one kind of float, once everything has been checked."""
    if len(masks) != len(maps):
        msg = f"there must be one mask a map, got {len(masks)} masks and {len(maps)} maps"
        raise InputError(msg)
    truths, heats = [np.asarray(mask).astype(bool, copy=False) for mask in masks], [np.asarray(heat) for heat in maps]
    for number, (truth, heat) in enumerate(zip(truths, heats, strict=True)):
        _require_alike(number, truth, heat)
    anomalous, total = sum(np.count_nonzero(truth) for truth in truths), sum(truth.size for truth in truths)
    if not 0 < anomalous < total:
        msg = f"masks must hold normal and anomalous pixels, got {anomalous} anomalous of {total}"
        raise InputError(msg)
    dtype = np.result_type(np.float32, *{heat.dtype for heat in heats})
    return truths, [heat.astype(dtype, copy=False) for heat in heats]


def _require_alike(number: int, truth: NDArray[np.bool_], heat: NDArray[Any]) -> None:
    if truth.ndim != 2 or truth.shape != heat.shape:  # noqa: PLR2004
        msg = f"map {number}: mask and map must be (H, W) alike, got {truth.shape}, {heat.shape}"
        raise InputError(msg)
    if heat.dtype.kind not in "fiub":
        msg = f"map {number}: values must be real numbers, got {heat.dtype}"
        raise InputError(msg)
    if not np.isfinite(heat).all():
        msg = f"map {number}: values must be finite, got NaN or infinity"
        raise InputError(msg)
