from __future__ import annotations

import sys
import time

import pytest

from tenshot.core.errors import TenshotError
from tenshot.evaluation.processes import run_process

ALLOCATE = "block = bytearray(300 << 20); print('noise'); print('{\"answer\": 42}')"


def test_a_run_tells_time_memory_and_report() -> None:
    run = run_process([sys.executable, "-c", ALLOCATE], threads=1)
    assert run.report == {"answer": 42}
    assert 300 < run.peak < 10_000
    assert 0 < run.wall < 60


MOMENT = "import json, os, time; print(json.dumps({'at': time.monotonic(), 'threads': os.environ['OMP_NUM_THREADS']}))"


def test_moments_of_a_process_can_be_counted_from_its_start() -> None:
    run = run_process([sys.executable, "-c", MOMENT], threads=3)
    assert run.started <= run.report["at"] <= run.started + run.wall
    assert run.report["threads"] == "3"


@pytest.mark.parametrize("code", ["raise SystemExit('no such luck')", "import sys; sys.exit(3)"])
def test_a_failure_is_one_sentence(code: str) -> None:
    with pytest.raises(TenshotError, match=r"failed with status \d"):
        run_process([sys.executable, "-c", code], threads=1)


def test_a_process_that_hangs_is_ended() -> None:
    begin = time.monotonic()
    with pytest.raises(TenshotError, match="failed with status -9"):
        run_process([sys.executable, "-c", "import time; time.sleep(60)"], threads=1, patience=0.5)
    assert time.monotonic() - begin < 30


def test_output_that_is_no_report_is_none() -> None:
    assert run_process([sys.executable, "-c", "print('[1]')"], threads=1).report == {}
    assert run_process([sys.executable, "-c", "print('words')"], threads=1).report == {}
