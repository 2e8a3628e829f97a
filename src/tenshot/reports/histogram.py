"""Where normal and inspected scores lie, as numbers a page can draw."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["Bar", "Histogram", "Tick", "histogram"]

_BINS = 36
# From ten times the middle of the normal scores on, a linear axis squeezes them into a few bars; and beyond six
# decades, which a single score of nearly zero makes, so does a logarithmic one.
_LOG_FROM = 10.0
_LOG_TO = 1e6
_NEGLIGIBLE = 1e-9
_NOTHING = 1e-200
_MOST_TICKS = 6


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar; positions and widths are percentages of the axis.

    Attributes:
        left: left edge.
        width: width.
        count: number of scores in (low, high].
        low: lower end, in units of the score.
        high: upper end.
        flagged: whether the bar lies above the threshold.
    """

    left: float
    width: float
    count: int
    low: float
    high: float
    flagged: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled place on the axis, in per cent from the left."""

    left: float
    label: str


@dataclass(frozen=True, slots=True)
class Histogram:
    """Two rows of bars over one axis.

    Attributes:
        normal: leave-one-out scores of the normal photos.
        inspected: scores of the inspected images.
        ticks: labels of the axis.
        threshold: place of the threshold in per cent from the left; `None` where it is infinite.
        logarithmic: whether equal distances are equal factors.
    """

    normal: tuple[Bar, ...]
    inspected: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    threshold: float | None
    logarithmic: bool


def histogram(normal: Sequence[float], inspected: Sequence[float], *, threshold: float) -> Histogram | None:
    """Counts scores in bins of which one edge is the threshold, so that no bar holds both verdicts.

    The axis is logarithmic where the largest score is more than ten times the median of the normal ones, so that both
    can be seen.

    Args:
        normal: leave-one-out scores of the normal photos.
        inspected: scores of the inspected images.
        threshold: a score above it is anomalous.

    Returns:
        `None` where there is nothing to count.
    """
    normal, inspected = ([score for score in scores if math.isfinite(score)] for scores in (normal, inspected))
    if not normal and not inspected:
        return None
    marked = [threshold] if math.isfinite(threshold) else []
    shown = [*normal, *inspected, *marked]
    logarithmic = _needs_logarithm(shown, middle=median(normal or inspected))
    axis: Callable[[float], float] = math.log if logarithmic else float
    edges = _edges([axis(value) for value in shown], axis(threshold) if marked else None)
    place = _Axis(edges[0], edges[-1], axis, math.exp if logarithmic else float)
    return Histogram(
        normal=_bars(normal, edges, place, threshold),
        inspected=_bars(inspected, edges, place, threshold),
        ticks=_ticks(place, logarithmic=logarithmic),
        threshold=place.percent(axis(threshold)) if marked else None,
        logarithmic=logarithmic,
    )


@dataclass(frozen=True, slots=True)
class _Axis:
    low: float
    high: float
    forward: Callable[[float], float]
    back: Callable[[float], float]

    def percent(self, position: float) -> float:
        return round(float(100 * (position - self.low) / (self.high - self.low)), 3)


def _needs_logarithm(shown: Sequence[float], *, middle: float) -> bool:
    low, high = min(shown), max(shown)
    return low > 0 and high >= _LOG_FROM * middle and high <= _LOG_TO * low


def _edges(positions: Sequence[float], threshold: float | None) -> NDArray[np.float64]:
    low, high = min(positions), max(positions)
    size = max(abs(low), abs(high))
    size = size if size > _NOTHING else 1.0
    if high - low < _NEGLIGIBLE * size:
        low, high = low - size / 2, high + size / 2
    width = (high - low) / _BINS
    anchor = low if threshold is None else threshold
    # Bins are open below and closed above, as "above the threshold" is; so the lowest score needs one more bin.
    before = math.ceil(round((anchor - low) / width, 6)) + 1
    behind = math.ceil(round((high - anchor) / width, 6)) + 1
    return anchor + width * np.arange(-before, behind + 1, dtype=np.float64)


def _bars(scores: Sequence[float], edges: NDArray[np.float64], axis: _Axis, threshold: float) -> tuple[Bar, ...]:
    # The verdict, not rounding, decides on which side of the threshold's edge a score falls.
    positions = np.array([axis.forward(score) for score in scores])
    first = 0 if not math.isfinite(threshold) else int(np.argmin(np.abs(edges - axis.forward(threshold))))
    places = np.clip(np.searchsorted(edges, positions, side="left") - 1, 0, len(edges) - 2)
    flagged = np.array([score > threshold for score in scores], dtype=bool)
    if math.isfinite(threshold):
        places = np.where(flagged, np.maximum(places, first), np.minimum(places, first - 1))
    counts = np.bincount(places.astype(np.intp), minlength=len(edges) - 1)
    return tuple(
        Bar(
            left=axis.percent(edges[place]),
            width=axis.percent(edges[place + 1]) - axis.percent(edges[place]),
            count=int(counts[place]),
            low=axis.back(edges[place]),
            high=axis.back(edges[place + 1]),
            flagged=math.isfinite(threshold) and bool(place >= first),
        )
        for place in np.flatnonzero(counts)
    )


def _ticks(axis: _Axis, *, logarithmic: bool) -> tuple[Tick, ...]:
    low, high = axis.back(axis.low), axis.back(axis.high)
    values = _decades(low, high) if logarithmic else _rounds(low, high)
    return tuple(Tick(left=axis.percent(axis.forward(value)), label=f"{value:.4g}") for value in values)


def _decades(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ((1, 2, 5), (1, 3), (1,)):
        values = [digit * 10.0**power for power in powers for digit in digits if low <= digit * 10.0**power <= high]
        if len(values) <= _MOST_TICKS:
            return values
    return values[:: math.ceil(len(values) / _MOST_TICKS)]


def _rounds(low: float, high: float) -> list[float]:
    rough = (high - low) / _MOST_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    return [step * count for count in range(math.ceil(low / step), math.floor(high / step) + 1)]
