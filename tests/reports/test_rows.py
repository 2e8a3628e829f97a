from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tenshot.reports.rows import ERRORS_HEADER, SCORES_HEADER, Failed, Inspected

if TYPE_CHECKING:
    from collections.abc import Callable

ROW = Inspected(
    path='odd, "name"\n.png',
    score=0.1 + 0.2,
    threshold=0.5,
    p_value=1 / 3,
    is_anomalous=False,
    map_max=2.0,
    map_threshold=0.5,
    heat_map="heatmaps/odd.jpg",
)


def test_the_columns_are_as_agreed() -> None:
    assert SCORES_HEADER == "path,score,threshold,p_value,is_anomalous\n"
    assert ERRORS_HEADER == "path,error\n"


def test_a_row_survives_the_way_through_a_csv() -> None:
    [row] = csv.DictReader(io.StringIO(SCORES_HEADER + ROW.as_csv(), newline=""))
    assert row["path"] == ROW.path
    assert float(row["score"]) == ROW.score
    assert float(row["p_value"]) == ROW.p_value
    assert row["is_anomalous"] == "false"


def test_a_line_of_json_tells_everything() -> None:
    line = ROW.as_json()
    assert line.count("\n") == 1
    assert Inspected(**json.loads(line)) == ROW


def test_json_has_no_infinity() -> None:
    assert json.loads(replace(ROW, threshold=float("inf")).as_json())["threshold"] is None


def test_numbers_of_numpy_become_plain(make_image: Callable[..., Any], make_prediction: Callable[..., Any]) -> None:
    prediction = replace(make_prediction(2.0, peak=3.0), score=np.float64(2.0), is_anomalous=np.bool_(True))
    row = Inspected.of(make_image("a/b.png"), prediction, heat_map=None)
    assert row.as_csv() == "a/b.png,2.0,1.0,0.25,true\n"
    assert json.loads(row.as_json())["map_max"] == 1.5


def test_an_image_in_memory_goes_by_its_name(
    make_image: Callable[..., Any], make_prediction: Callable[..., Any]
) -> None:
    assert Inspected.of(make_image("image 3", in_memory=True), make_prediction(), heat_map=None).path == "image 3"


def test_a_reason_may_hold_commas_and_lines() -> None:
    failed = Failed(path="a.png", error='cut off, "early"\nby 3 bytes')
    [row] = csv.DictReader(io.StringIO(ERRORS_HEADER + failed.as_csv(), newline=""))
    assert row == {"path": failed.path, "error": failed.error}
