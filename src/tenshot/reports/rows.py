"""One line of a table for each image: what became of it."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenshot.core.types import Image, Prediction

__all__ = ["ERRORS_HEADER", "SCORES_HEADER", "Failed", "Inspected"]


@dataclass(frozen=True, slots=True)
class Inspected:
    """An image that was judged.

    Attributes:
        path: path as given, or the name of an image in memory.
        score: larger = more anomalous; unbounded; not a probability.
        threshold: a score above it is anomalous.
        p_value: in (0, 1]; estimated chance that a good image scores at least this high.
        is_anomalous: the verdict.
        map_max: largest value of the anomaly map.
        map_threshold: fixed scale of the task, in units of ``map_max``.
        heat_map: path of the overlay inside the folder of results, `None` without overlays.
    """

    path: str
    score: float
    threshold: float
    p_value: float
    is_anomalous: bool
    map_max: float
    map_threshold: float
    heat_map: str | None

    @classmethod
    def of(cls, image: Image, prediction: Prediction, *, heat_map: str | None) -> Inspected:
        """The line of an image, as plain Python numbers."""
        return cls(
            path=image.name if image.path is None else str(image.path),
            score=float(prediction.score),
            threshold=float(prediction.threshold),
            p_value=float(prediction.p_value),
            is_anomalous=bool(prediction.is_anomalous),
            map_max=float(prediction.anomaly_map.max()),
            map_threshold=float(prediction.map_threshold),
            heat_map=heat_map,
        )

    def as_csv(self) -> str:
        """A row of ``scores.csv``; numbers in full precision."""
        verdict = "true" if self.is_anomalous else "false"
        return _csv(self.path, repr(self.score), repr(self.threshold), repr(self.p_value), verdict)

    def as_json(self) -> str:
        """A line of ``scores.jsonl``; infinities become null, as JSON has none."""
        return json.dumps({key: _finite(value) for key, value in asdict(self).items()}, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class Failed:
    """An image that could not be judged, and why."""

    path: str
    error: str

    def as_csv(self) -> str:
        """A row of ``errors.csv``."""
        return _csv(self.path, self.error)


def _csv(*values: str) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(values)
    return buffer.getvalue()


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


SCORES_HEADER = _csv(*(field.name for field in fields(Inspected)[:5]))
ERRORS_HEADER = _csv(*(field.name for field in fields(Failed)))
