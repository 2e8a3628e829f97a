from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tenshot.cli.decoding import Unreadable
from tenshot.cli.results import as_json, exit_status, plan, show
from tenshot.cli.scoring import Run, Verdict
from tenshot.core.errors import InputError, MissingError

TASK: Any = SimpleNamespace(threshold=0.5, notes=("how thresholds come about", "one photo is a stranger"))


def a_run(*scores: float, folder: str = "today") -> Run:
    verdicts = [Verdict(f"{folder}/{n}.png", score, 0.2, score > TASK.threshold) for n, score in enumerate(scores)]
    return Run(Path("results"), verdicts=verdicts, report=Path("results/report.html"))


@pytest.mark.parametrize(
    ("run", "wanted", "status"),
    [
        (a_run(0.1), True, 0),
        (a_run(0.1, 0.9), False, 0),
        (a_run(0.1, 0.9), True, 1),
    ],
)
def test_exit_status(run: Run, wanted: bool, status: int) -> None:
    assert exit_status(run, fail_on_anomaly=wanted) == status


def test_a_photo_nobody_judged_is_no_good_part() -> None:
    run = a_run(0.1)
    run.unreadable.append(Unreadable(Path("a.png"), "a.png is empty"))
    assert exit_status(run, fail_on_anomaly=False) == 0
    assert exit_status(run, fail_on_anomaly=True) == 1


def test_an_interrupted_run_is_130_whatever_it_found() -> None:
    run = a_run(0.9)
    run.interrupted = True
    assert exit_status(run, fail_on_anomaly=True) == 130


def test_the_table_shows_the_worst_fifteen_and_says_where_the_rest_is(capsys: pytest.CaptureFixture[str]) -> None:
    show(a_run(*(n / 20 for n in range(20))), TASK)
    printed = capsys.readouterr().out
    names = [line.split()[0] for line in printed.splitlines() if ".png" in line]
    assert names == [f"{n}.png" for n in range(19, 4, -1)]
    assert "5 more in scores.csv" in " ".join(printed.split())
    assert "Images in today" in printed
    assert "20 inspected · 9 anomalous · 11 normal" in printed
    assert printed.splitlines()[-1] == "Report: results/report.html"


def test_names_in_brackets_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    show(a_run(0.1, folder="[bold]today"), TASK)
    assert "Images in [bold]today" in capsys.readouterr().out


def test_what_the_task_says_about_itself_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    run = a_run(0.1)
    show(run, TASK)
    printed = capsys.readouterr().out
    assert "one photo is a stranger" in printed
    assert "how thresholds come about" not in printed
    assert json.loads(as_json(run, TASK))["notes"] == list(TASK.notes)


def test_what_is_known_stands_beside_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    show(a_run(0.1, 0.9), TASK, truth={"today/1.png": "defective"}, remarks=("Half of them.",))
    printed = capsys.readouterr().out
    assert next(line for line in printed.splitlines() if "1.png" in line).split()[1] == "defective"
    assert "Half of them." in printed


def test_a_run_without_verdicts_has_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    run = a_run()
    run.interrupted = True
    show(run, TASK)
    printed = capsys.readouterr()
    assert "0 inspected" in printed.out
    assert "interrupted" in printed.err


def test_json_holds_every_photo() -> None:
    run = a_run(*(n / 20 for n in range(20)))
    run.unreadable.append(Unreadable(Path("a.png"), "a.png is empty"))
    told = json.loads(as_json(run, TASK))
    assert len(told["results"]) == 20
    assert told["results"][0] == {"path": "today/0.png", "score": 0.0, "p_value": 0.2, "is_anomalous": False}
    assert told["errors"] == [{"path": "a.png", "error": "a.png is empty"}]


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of photos, also the current one, where an earlier run has left its heat maps."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results" / "heatmaps").mkdir(parents=True)
    for name in ("a.jpg", "results/b.jpg", "results/heatmaps/a.jpg"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize("out", ["results", "other/../results"])
def test_heat_maps_of_an_earlier_run_are_left_out(photos: Path, out: str) -> None:
    (photos / "other").mkdir()
    found, folder = plan([Path()], Path(out))
    assert found == [Path("a.jpg"), Path("results/b.jpg")]
    assert folder == Path(out)


def test_results_may_lie_beside_the_photos(photos: Path) -> None:
    found, _ = plan([photos], photos)
    assert len(found) == 3


def test_heat_maps_alone_are_nothing_to_judge(photos: Path) -> None:
    with pytest.raises(InputError, match="no images but the heat maps"):
        plan([photos / "results" / "heatmaps"], photos / "results")


def test_the_default_folder_is_made_only_when_there_is_something_to_judge(photos: Path) -> None:
    with pytest.raises(MissingError):
        plan([Path("nowhere")], None)
    assert not (photos / "tenshot-results").exists()
    assert plan([photos], None)[1] == Path("tenshot-results")
    assert (photos / "tenshot-results").is_dir()
