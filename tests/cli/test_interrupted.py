"""A run that is ended from outside keeps what it finished, whoever ends it."""

from __future__ import annotations

import shutil
import signal
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess

    from conftest import Bench

MANY = 400
FEW = 3


@pytest.fixture
def running(bench: Bench) -> subprocess.Popen[str]:
    """A run over hundreds of photos that has judged a few of them."""
    for number in range(MANY):
        shutil.copy(bench.today / "fine0.png", bench.today / f"copy{number}.png")
    process = bench.start("score", "part.tenshot", "today", "-o", "results", "--no-heatmaps")
    table = bench.out / "scores.csv"
    deadline = time.monotonic() + 120
    while not table.exists() or table.read_bytes().count(b"\n") <= FEW:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process


def test_ctrl_c_keeps_what_was_finished_and_reports_it(bench: Bench, running: subprocess.Popen[str]) -> None:
    running.send_signal(signal.SIGINT)
    out, error = running.communicate(timeout=60)
    assert running.returncode == 130
    assert error == "tenshot: interrupted; the results hold what was finished\n"
    finished = bench.scores()
    assert FEW <= len(finished) < MANY
    assert all(float(row["score"]) >= 0 for row in finished.values())
    assert f"{len(finished)} inspected" in out
    assert (bench.out / "report.html").read_text().rstrip().endswith("</html>")
    assert out.splitlines()[-1] == "Report: results/report.html"


def test_a_killed_run_leaves_valid_tables_and_no_half_report(bench: Bench, running: subprocess.Popen[str]) -> None:
    running.kill()
    running.communicate()
    finished = bench.scores()
    assert FEW <= len(finished) < MANY
    assert all(row["is_anomalous"] in {"true", "false"} for row in finished.values())
    assert not (bench.out / "report.html").exists()


def test_ctrl_c_before_anything_is_judged_shows_no_traceback(bench: Bench) -> None:
    process = bench.start("inspect", "good", "today", "-o", "results")
    deadline = time.monotonic() + 60
    while not bench.out.exists():  # the folder of results is claimed first, then the network is loaded
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error == "tenshot: interrupted\n"
