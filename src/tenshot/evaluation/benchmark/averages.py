"""Cells, averaged the way every table and plot averages them: over products first, seed by seed, then over seeds."""

from __future__ import annotations

import statistics
from collections import defaultdict
from typing import TYPE_CHECKING

from tenshot.evaluation.benchmark.schema import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tenshot.evaluation.benchmark.schema import Cell, Results

    Values = dict[int, float]
    Shots = int | None

__all__ = ["Averages", "difference", "mean_by_seed"]


def mean_by_seed(rows: Sequence[Mapping[int, float]]) -> Values:
    """Means over products, for every seed that all of them have; nothing if there are no products."""
    if not rows:
        return {}
    seeds = sorted(set.intersection(*(set(row) for row in rows)))
    return {seed: statistics.fmean(row[seed] for row in rows) for seed in seeds}


def difference(ours: Mapping[int, float], theirs: Mapping[int, float]) -> list[float]:
    """What ours is above theirs, for every seed that both have."""
    return [ours[seed] - theirs[seed] for seed in sorted(ours.keys() & theirs.keys())]


class Averages:
    """Figures of a benchmark by what they are of.

    Seeds are no repeats of one experiment on other photos: their spread says how much the choice of the normal images
    matters. So a mean over products is formed for every seed, and the spread is that of these means.
    """

    def __init__(self, results: Results) -> None:
        self._cells: dict[tuple[str, str, Shots, str], list[Cell]] = defaultdict(list)
        for cell in results.cells:
            self._cells[cell.set, cell.detector, cell.shots, cell.condition].append(cell)
        self.sets = tuple(each.name for each in results.sets)
        """Products, in the order of the request."""
        self.detectors = tuple(each.name for each in results.detectors)
        """Detectors, in the order of the request."""
        self._measured = {(detector, shots, condition) for _, detector, shots, condition in self._cells}
        self._common: dict[str, tuple[str, ...]] = {}

    def shots(self, condition: str | None = None) -> tuple[Shots, ...]:
        """Numbers of shots of any cell, ascending; ``None``, for all normal images, is last."""
        found = {shots for _, shots, which in self._measured if condition in {None, which}}
        return tuple(sorted(found, key=lambda shots: (shots is None, shots or 0)))

    def measured(self, shots: Shots, condition: str = PLAIN) -> tuple[str, ...]:
        """Detectors that have cells at so many shots in a condition."""
        return tuple(name for name in self.detectors if (name, shots, condition) in self._measured)

    def of(self, metric: str, each: str, detector: str, shots: Shots, *, condition: str = PLAIN) -> Values:
        """A field of the cells of one product by seed; nothing where it was not measured or cannot be."""
        cells = self._cells.get((each, detector, shots, condition), ())
        values = {cell.seed: getattr(cell, metric) for cell in cells}
        return {seed: value for seed, value in values.items() if value is not None}

    def common_sets(self, metric: str) -> tuple[str, ...]:
        """Products on which every detector has the metric at every number of shots it was measured at anywhere."""
        if metric not in self._common:
            rows = {(name, shots) for name, shots, condition in self._measured if condition == PLAIN}
            self._common[metric] = tuple(
                each for each in self.sets if rows and all(self.of(metric, each, *row) for row in rows)
            )
        return self._common[metric]

    def mean(
        self,
        metric: str,
        detector: str,
        shots: Shots,
        *,
        condition: str = PLAIN,
        sets: Iterable[str] | None = None,
    ) -> Values:
        """Means over products by seed.

        Args:
            metric: field of a cell.
            detector: its name.
            shots: K; ``None`` for all normal images.
            condition: in which it was measured.
            sets: over which; by default those that all detectors have.
        """
        chosen = self.common_sets(metric) if sets is None else sets
        return mean_by_seed([self.of(metric, each, detector, shots, condition=condition) for each in chosen])

    def gaps(self, metric: str) -> tuple[str, ...]:
        """Which products do not count in means although some detector has the metric there, and who lacks it."""
        rows = sorted({row[:2] for row in self._measured if row[2] == PLAIN}, key=str)
        sentences = []
        for each in self.sets:
            lacking = [name for name, shots in rows if not self.of(metric, each, name, shots)]
            if lacking and len(lacking) < len(rows):
                names = [name for name in self.detectors if name in lacking]
                sentences.append(f"{each} (not, or not at every number of shots: {', '.join(names)})")
        return tuple(sentences)
