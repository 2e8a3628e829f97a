from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image as Pil

from tenshot.core.errors import OutputError
from tenshot.reports import ResultsWriter, TaskSummary, writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tenshot.core.types import Image, Prediction

    Judged = Callable[..., tuple[Image, Prediction]]
    LargestFile = Callable[[int], AbstractContextManager[None]]

ENDLESS_RUN = """
import sys
from itertools import count
from pathlib import Path
import numpy as np
from tenshot.core.types import Image, Prediction
from tenshot.reports import ResultsWriter, TaskSummary

task = TaskSummary(
    title="t", extractor="e", input_size=(32, 32), shots=1, false_alarm_rate=0.1, threshold=1.0, map_threshold=1.0
)
with ResultsWriter(Path(sys.argv[1]), task=task) as results:
    for number in count():
        name = f"parts/{number}.png"
        results.add(
            Image(pixels=np.zeros((32, 32, 1), np.uint8), name=name, digest="", path=Path(name)),
            Prediction(name, number, 1.0, 0.5, number > 1, np.zeros((32, 32), np.float32), 1.0),
        )
        print(number, flush=True)
"""


def scores_of(out: Path) -> list[dict[str, str]]:
    with (out / "scores.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, strict=True))


def names_in(out: Path) -> list[str]:
    return sorted(str(path.relative_to(out)) for path in out.rglob("*"))


def test_a_run_leaves_tables_overlays_and_a_report(tmp_path: Path, task: TaskSummary, judged: Judged) -> None:
    out = tmp_path / "new" / "out"
    with ResultsWriter(out, task=task) as results:
        results.add(*judged("bent/0.png", 0.5))
        results.add(*judged("dent/0.png", 2.0))
        results.fail("dent/1.png", "cut off")
        results.fail(Path("dent/2.png"), "not an image")
        report = results.finish()
    assert report == out / "report.html"
    assert names_in(out) == [
        "errors.csv",
        "heatmaps",
        "heatmaps/0.jpg",
        "heatmaps/dent-0.jpg",
        "report.html",
        "scores.csv",
        "scores.jsonl",
    ]
    rows = scores_of(out)
    assert [(row["path"], row["is_anomalous"]) for row in rows] == [("bent/0.png", "false"), ("dent/0.png", "true")]
    lines = [json.loads(line) for line in (out / "scores.jsonl").read_text().splitlines()]
    for row, line in zip(rows, lines, strict=True):
        assert float(row["score"]) == line["score"]
        with Pil.open(out / line["heat_map"]) as overlay:
            overlay.load()
    assert (out / "errors.csv").read_text() == "path,error\ndent/1.png,cut off\ndent/2.png,not an image\n"


def test_without_overlays_and_errors_there_are_no_such_files(tmp_path: Path, task: TaskSummary, judged: Judged) -> None:
    with ResultsWriter(tmp_path, task=task, overlays=False) as results:
        results.add(*judged())
    assert names_in(tmp_path) == ["report.html", "scores.csv", "scores.jsonl"]
    assert json.loads((tmp_path / "scores.jsonl").read_text())["heat_map"] is None
    assert "data:image/webp" in (tmp_path / "report.html").read_text()


def test_no_name_leads_out_of_the_folder(tmp_path: Path, task: TaskSummary, judged: Judged) -> None:
    out = tmp_path / "out"
    with ResultsWriter(out, task=task) as results:
        for name in ("../../escape.png", "/abs.png", "<script>.png", "..", "nul\n.png", "a" * 300):
            results.add(*judged(name))
    assert names_in(tmp_path) == ["out", *(f"out/{name}" for name in names_in(out))]
    assert len(list((out / "heatmaps").iterdir())) == 6
    assert [row["path"] for row in scores_of(out)][2] == "<script>.png"


def test_results_of_an_earlier_run_never_mix_with_new_ones(tmp_path: Path, task: TaskSummary, judged: Judged) -> None:
    with ResultsWriter(tmp_path, task=task) as results:
        results.add(*judged("old.png"))
        results.fail("broken.png", "cut off")
    mine = tmp_path / "heatmaps" / "new.jpg"
    Pil.new("RGB", (4, 4)).save(mine)
    before = mine.read_bytes()
    with ResultsWriter(tmp_path, task=task) as results:
        assert names_in(tmp_path) == ["heatmaps", "heatmaps/new.jpg", "scores.csv", "scores.jsonl"]
        results.add(*judged("parts/new.png"))
    assert [row["path"] for row in scores_of(tmp_path)] == ["parts/new.png"]
    assert mine.read_bytes() == before
    assert (tmp_path / "heatmaps" / "parts-new.jpg").exists()
    assert "old.png" not in (tmp_path / "report.html").read_text()


def test_an_exception_leaves_a_report_of_what_was_finished(tmp_path: Path, task: TaskSummary, judged: Judged) -> None:
    def run() -> None:
        with ResultsWriter(tmp_path, task=task) as results:
            results.add(*judged("done.png"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    html = (tmp_path / "report.html").read_text()
    assert "The run was interrupted" in html
    assert "done.png" in html


def test_a_run_that_ends_before_its_first_image_leaves_no_report(tmp_path: Path, task: TaskSummary) -> None:
    with pytest.raises(RuntimeError), ResultsWriter(tmp_path, task=task):
        raise RuntimeError
    assert names_in(tmp_path) == ["scores.csv", "scores.jsonl"]
    assert scores_of(tmp_path) == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_run_leaves_valid_tables(tmp_path: Path, how: signal.Signals) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS_RUN, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment
    ) as run:
        assert run.stdout is not None
        told = [int(run.stdout.readline()) for _ in range(5)]
        run.send_signal(how)
    rows = scores_of(tmp_path)
    assert len(rows) >= len(told)
    assert [row["path"] for row in rows] == [f"parts/{number}.png" for number in range(len(rows))]
    assert all(None not in row.values() and float(row["score"]) >= 0 for row in rows)
    for line in (tmp_path / "scores.jsonl").read_text().splitlines():
        with Pil.open(tmp_path / json.loads(line)["heat_map"]) as overlay:
            overlay.load()


def test_a_killed_run_can_be_started_again(tmp_path: Path, task: TaskSummary, judged: Judged) -> None:
    test_a_killed_run_leaves_valid_tables(tmp_path, signal.SIGKILL)
    with ResultsWriter(tmp_path, task=task) as results:
        results.add(*judged("0.png"))
    assert len(scores_of(tmp_path)) == 1
    assert len(list((tmp_path / "heatmaps").iterdir())) == 1


def test_a_table_that_cannot_grow_keeps_its_whole_rows(
    tmp_path: Path, task: TaskSummary, judged: Judged, largest_file: LargestFile
) -> None:
    name = "a-rather-long-name-" * 8

    def run() -> None:
        with largest_file(2000), ResultsWriter(tmp_path, task=task, overlays=False) as results:
            for number in range(100):
                results.add(*judged(f"{name}{number}.png"))

    with pytest.raises(OutputError, match="would become larger than allowed") as raised:
        run()
    rows = scores_of(tmp_path)
    assert 0 < len(rows) < 100
    assert f"The {len(rows)} images finished before are kept in {tmp_path / 'scores.csv'}." in str(raised.value)
    assert all(row["is_anomalous"] == "false" for row in rows)
    for line in (tmp_path / "scores.jsonl").read_text().splitlines():
        json.loads(line)
    assert names_in(tmp_path) == ["scores.csv", "scores.jsonl"]


def test_an_overlay_that_does_not_fit_leaves_nothing_behind(
    tmp_path: Path, task: TaskSummary, judged: Judged, largest_file: LargestFile
) -> None:
    def run() -> None:
        with largest_file(200_000), ResultsWriter(tmp_path, task=task) as results:
            results.add(*judged("small.png", shape=(40, 40, 1)))
            results.add(*judged("large.png", shape=(900, 900, 3)))

    with pytest.raises(OutputError, match=r"heatmaps/large\.jpg cannot be written"):
        run()
    assert names_in(tmp_path) == ["heatmaps", "heatmaps/small.jpg", "scores.csv", "scores.jsonl"]
    assert [row["path"] for row in scores_of(tmp_path)] == ["small.png"]


def test_a_report_that_does_not_fit_leaves_the_tables(
    tmp_path: Path, task: TaskSummary, judged: Judged, largest_file: LargestFile
) -> None:
    def run() -> None:
        with largest_file(4000), ResultsWriter(tmp_path, task=task, overlays=False) as results:
            results.add(*judged())
            results.finish()

    with pytest.raises(OutputError, match=r"report\.html cannot be written.*The 1 images finished"):
        run()
    assert names_in(tmp_path) == ["scores.csv", "scores.jsonl"]
    assert len(scores_of(tmp_path)) == 1


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="no /proc, where even root cannot write")
def test_a_folder_that_cannot_be_written_is_refused_on_entering(task: TaskSummary) -> None:
    with pytest.raises(OutputError, match=r"^/proc cannot be written"), ResultsWriter(Path("/proc"), task=task):
        pytest.fail("entered")


def test_a_file_in_place_of_the_folder_is_refused_on_entering(tmp_path: Path, task: TaskSummary) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OutputError, match="it is a file"), ResultsWriter(tmp_path / "out", task=task):
        pytest.fail("entered")
    assert (tmp_path / "out").read_text() == "mine"


def test_only_the_worst_images_are_embedded(
    tmp_path: Path, task: TaskSummary, judged: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MOST_PICTURES", 2)
    with ResultsWriter(tmp_path, task=task, overlays=False) as results:
        for score in (0.1, 3.0, 0.5, 2.0, 0.2):
            results.add(*judged(f"{score}.png", score))
    html = (tmp_path / "report.html").read_text()
    for name, embedded in {"0.1": False, "3.0": True, "0.5": False, "2.0": True, "0.2": False}.items():
        assert (f'alt="Photo {name}.png"' in html) is embedded
        assert f'data-name="{name}.png"' in html


def test_finishing_twice_writes_one_report(tmp_path: Path, task: TaskSummary, judged: Judged) -> None:
    with ResultsWriter(tmp_path, task=task) as results:
        results.add(*judged())
        first = results.finish(interrupted=True)
        before = first.stat().st_mtime_ns
        assert results.finish() == first
    assert first.stat().st_mtime_ns == before
    assert "The run was interrupted" in first.read_text()
