"""False alarms: how often good photos that nobody has seen are flagged, beside how often they should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tenshot.detectors import Detector
from tenshot.detectors.photos import decode
from tenshot.evaluation.protocol import draw_support, draw_unseen
from tenshot.evaluation.tables import markdown_table, mean_spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from tenshot.core.config import DetectorConfig
    from tenshot.data.folders import Category, Source
    from tenshot.detectors import Adapted
    from tenshot.evaluation.ledger import Cell
    from tenshot.evaluation.remembering import RememberingExtractor

    Progress = Callable[[int, int], None]
    Key = tuple[int, int]

__all__ = ["RATES", "alarm_rate", "calibration_tables", "measure_alarms"]

RATES = (0.01, 0.05, 0.1)
UNSEEN_OF_A_KIND = 100
DEFECTS = 60
NAIVE = "naive"


def measure_alarms(
    category: Category,
    wanted: Sequence[Key],
    *,
    extractor: RememberingExtractor,
    config: DetectorConfig,
    progress: Progress,
) -> Iterator[Cell]:
    """Adapts every wanted pair of shots and seed, and counts how many unseen good photos lie above each threshold.

    Unseen are up to 100 good test photos and up to 100 photos set aside from the training list, the same for all draws.
    Sixty defective photos at most tell what the threshold costs.

    Args:
        category: the set.
        wanted: pairs of number of shots and seed.
        extractor: shared by all.
        config: of the detector.
        progress: called with (done, total) after every photo.

    Yields:
        One cell per pair, in order.
    """
    unseen, train = draw_unseen(category, UNSEEN_OF_A_KIND)
    tested = sum(item in category.test for item in unseen)
    bad = [item.source for item in category.test if item.is_anomalous]
    defects = draw_support(bad, min(DEFECTS, len(bad)), seed=0) if bad else ()
    detector = Detector(extractor, config)
    tasks = {key: detector.adapt(draw_support(train, key[0], seed=key[1])) for key in wanted}
    photos = [*(item.source for item in unseen), *defects]
    scores, peaks = _judge(tasks, photos, extractor=extractor, progress=progress)
    for shots, seed in wanted:
        task, row, count = tasks[shots, seed], scores[shots, seed], len(unseen)
        alarms = _Alarms(good=row[:count], bad=row[count:], peaks=peaks[shots, seed][:count], tested=tested)
        yield {
            "set": category.name,
            "shots": shots,
            "seed": seed,
            "unseen": {"test": tested, "train": len(unseen) - tested},
            "defects": len(defects),
            "rates": [alarms.at(task.with_false_alarm_rate(rate)) for rate in RATES],
            NAIVE: alarms.above(max(image.score for image in task.support)),
        }


def alarm_rate(scores: NDArray[np.float64], threshold: float) -> float:
    """Share of scores above a threshold, which is what counts as an alarm; a score at the threshold is none."""
    return float(np.mean(scores > threshold))


@dataclass(frozen=True, eq=False)
class _Alarms:
    """Scores of good and defective photos by one task, and the peaks of the good ones' maps; tested ones come first."""

    good: NDArray[np.float64]
    bad: NDArray[np.float64]
    peaks: NDArray[np.float64]
    tested: int

    def at(self, task: Adapted) -> Cell:
        """Figures at the rate a task is set to."""
        return {
            "wanted": task.task.false_alarm_rate,
            **self.above(task.threshold),
            "any_pixel": alarm_rate(self.peaks, task.map_threshold),
        }

    def above(self, threshold: float) -> Cell:
        """Figures at a threshold."""
        test, train = self.good[: self.tested], self.good[self.tested :]
        return {
            "threshold": threshold,
            "measured": alarm_rate(self.good, threshold),
            "measured_test": alarm_rate(test, threshold) if len(test) else None,
            "measured_train": alarm_rate(train, threshold) if len(train) else None,
            "caught": alarm_rate(self.bad, threshold) if len(self.bad) else None,
        }


def _judge(
    tasks: dict[Key, Adapted], photos: Sequence[Source], *, extractor: RememberingExtractor, progress: Progress
) -> tuple[dict[Key, NDArray[np.float64]], dict[Key, NDArray[np.float64]]]:
    """Scores and largest map values of all photos, per task."""
    scores, peaks = (({key: np.empty(len(photos)) for key in tasks}) for _ in range(2))
    extractor.forget()
    for index, photo in enumerate(photos):
        pixels = decode(photo).pixels
        for key, task in tasks.items():
            [prediction] = task.predict(pixels)
            scores[key][index] = prediction.score
            peaks[key][index] = prediction.anomaly_map.max()
        extractor.forget()
        progress(index + 1, len(photos))
    return scores, peaks


def calibration_tables(cells: Iterable[Cell], sets: Sequence[str]) -> str:
    """Wanted beside measured false-alarm rates, in per cent: image level, pixel level, and defects caught.

    Mean ± standard deviation over draws; in the rows for all sets, over the means of the sets.
    """
    held = list(cells)
    rates = {f"wanted {rate:.0%}": index for index, rate in enumerate(RATES)}
    everything: dict[str, int | str] = {**rates, "highest of the shots": NAIVE}
    return "\n\n".join(
        [
            f"### Good photos flagged, %\n\n{_table(held, sets, 'measured', everything)}",
            f"### Good photos with any pixel above the map's scale, %\n\n{_table(held, sets, 'any_pixel', rates)}",
            f"### Defective photos flagged, %\n\n{_table(held, sets, 'caught', everything)}",
        ]
    )


def _table(cells: Sequence[Cell], sets: Sequence[str], figure: str, columns: Mapping[str, int | str]) -> str:
    rows = []
    for shots in sorted({cell["shots"] for cell in cells}):
        means: dict[str, list[float]] = {head: [] for head in columns}
        for each in sets:
            draws = [cell for cell in cells if cell["set"] == each and cell["shots"] == shots]
            if not draws:
                continue
            found = {head: _percent(draws, column, figure) for head, column in columns.items()}
            rows.append([str(shots), each, *(mean_spread(values, digits=1) for values in found.values())])
            for head, values in found.items():
                means[head] += [float(np.mean(values))] if values else []
        rows.append([str(shots), "**all**", *(mean_spread(values, digits=1) for values in means.values())])
    return markdown_table(["shots", "set", *columns], rows, labels=2)


def _percent(cells: Sequence[Cell], column: int | str, figure: str) -> list[float]:
    """A figure of every draw at one of the wanted rates, or at the naive threshold."""
    entries = [cell[NAIVE] if column == NAIVE else cell["rates"][column] for cell in cells]
    return [100 * entry[figure] for entry in entries if entry[figure] is not None]
