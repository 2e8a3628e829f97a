from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tenshot.core.errors import InputError

if TYPE_CHECKING:
    from tenshot.reports import TaskSummary


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"shots": 0}, "shots"),
        ({"false_alarm_rate": 0.0}, "false_alarm_rate"),
        ({"false_alarm_rate": 1.0}, "false_alarm_rate"),
        ({"input_size": (0, 256)}, "input_size"),
        ({"threshold": float("nan")}, "threshold"),
        ({"map_threshold": float("nan")}, "map_threshold"),
        ({"normal_scores": (1.0, float("inf"), 2.0)}, "normal_scores"),
        ({"normal_names": ("one.png",)}, "normal_names"),
    ],
)
def test_a_summary_that_would_make_a_wrong_report_is_refused(
    task: TaskSummary, change: dict[str, Any], named: str
) -> None:
    with pytest.raises(InputError, match=rf"^{named} "):
        replace(task, **change)


def test_a_single_shot_has_a_name_and_no_score(task: TaskSummary) -> None:
    one = replace(task, shots=1, threshold=float("inf"), normal_scores=(), normal_names=("one.png",))
    assert one.normal_scores == ()
