"""What a report says about the task that judged the images."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tenshot.core.errors import InputError

__all__ = ["TaskSummary"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskSummary:
    """A task in the words of its report.

    Attributes:
        title: heading of the report, such as the name of the part.
        extractor: name of the feature extractor.
        input_size: (height, width) in pixels at which images were judged.
        shots: number of normal photos the task was adapted with, at least 1.
        false_alarm_rate: wanted share of good images that are flagged, in (0, 1).
        threshold: a score above it is a verdict of "anomalous"; infinite where nothing can be promised.
        map_threshold: fixed scale of the heat maps, in units of the anomaly map.
        normal_scores: leave-one-out scores of the normal photos, finite; empty where there are none (one shot).
        normal_names: names of the normal photos; one for each score where there are scores.
        notes: remarks a reader must know, each a sentence, such as what ten photos can promise.

    Raises:
        InputError: a value outside these ranges.
    """

    title: str
    extractor: str
    input_size: tuple[int, int]
    shots: int
    false_alarm_rate: float
    threshold: float
    map_threshold: float
    normal_scores: tuple[float, ...] = ()
    normal_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuses a summary that would make a wrong report."""
        scores, names = self.normal_scores, self.normal_names
        refusals = (
            (self.shots < 1, f"shots must be at least 1; got {self.shots}."),
            (
                not 0 < self.false_alarm_rate < 1,
                f"false_alarm_rate must lie between 0 and 1; got {self.false_alarm_rate}.",
            ),
            (min(self.input_size) < 1, f"input_size must be a positive (height, width); got {self.input_size}."),
            (math.isnan(self.threshold), "threshold must be a number; got NaN."),
            (math.isnan(self.map_threshold), "map_threshold must be a number; got NaN."),
            (not all(map(math.isfinite, scores)), f"normal_scores must be finite; got {scores}."),
            (
                bool(scores) and len(names) != len(scores),
                f"normal_names must name each of the {len(scores)} normal_scores; got {len(names)}.",
            ),
        )
        for refused, message in refusals:
            if refused:
                raise InputError(message)
