from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tenshot.core.errors import TenshotError
from tenshot.evaluation.benchmark.workers import run_jobs

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

DESK = """
import os, time
from dataclasses import dataclass
from tenshot.core.errors import InputError

@dataclass(frozen=True)
class Job:
    label: str
    act: str = ""
    after: str = ""

def desk(job, progress):
    progress(1, 2)
    if job.act == "raise":
        raise InputError("photo.png: is broken")
    if job.act == "die":
        os._exit(7)
    if job.act == "threads":
        import torch
        return torch.get_num_threads(), os.environ["OMP_NUM_THREADS"]
    if job.act == "sleep":
        time.sleep(600)
    return job.label.upper(), os.getpid()
"""


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module that workers can import, too."""
    (tmp_path / "an_office.py").write_text(DESK)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "an_office", raising=False)
    return importlib.import_module("an_office")


@dataclass
class Notes:
    """Writes down what it is told."""

    steps: list[tuple[str, int, int]] = field(default_factory=list)
    results: dict[str, Any] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)

    def may_start(self, job: Any) -> bool:
        ready = not job.after or job.after in self.results
        if ready:
            self.order.append(job.label)
        return ready

    def progress(self, job: Any, done: int, total: int) -> None:
        self.steps.append((job.label, done, total))

    def finished(self, job: Any, result: Any) -> None:
        self.results[job.label] = result


def test_every_job_is_done_once_by_some_worker(office: ModuleType) -> None:
    notes = Notes()
    run_jobs([office.Job(name) for name in "abcde"], desk=office.desk, foreman=notes, count=2)
    assert {label: upper for label, (upper, _) in notes.results.items()} == dict(zip("abcde", "ABCDE", strict=True))
    assert len({pid for _, pid in notes.results.values()}) == 2
    assert sorted(notes.steps) == [(name, 1, 2) for name in "abcde"]


def test_a_worker_has_one_thread(office: ModuleType) -> None:
    notes = Notes()
    run_jobs([office.Job("a", "threads")], desk=office.desk, foreman=notes, count=2)
    assert notes.results == {"a": (1, "1")}


def test_a_job_waits_for_what_it_needs(office: ModuleType) -> None:
    notes = Notes()
    jobs = [office.Job("late", after="early"), office.Job("early"), office.Job("free")]
    run_jobs(jobs, desk=office.desk, foreman=notes, count=2)
    assert set(notes.results) == {"late", "early", "free"}
    assert notes.order.index("early") < notes.order.index("late")


def test_a_job_whose_need_is_never_made_is_an_error(office: ModuleType) -> None:
    with pytest.raises(TenshotError, match="late: what it needs"):
        run_jobs([office.Job("late", after="nobody")], desk=office.desk, foreman=Notes(), count=1)


def test_an_error_names_the_job_and_earlier_results_are_handed_over(office: ModuleType) -> None:
    notes = Notes()
    with pytest.raises(TenshotError, match=r"^bad: photo\.png: is broken$"):
        run_jobs([office.Job("good"), office.Job("bad", "raise")], desk=office.desk, foreman=notes, count=1)
    assert set(notes.results) == {"good"}


def test_a_worker_that_dies_is_an_error_with_its_status(office: ModuleType) -> None:
    with pytest.raises(TenshotError, match=r"bad: a worker ended unexpectedly \(status 7;.*--resume"):
        run_jobs([office.Job("bad", "die")], desk=office.desk, foreman=Notes(), count=1)


def test_no_jobs_start_nobody(office: ModuleType) -> None:
    run_jobs([], desk=office.desk, foreman=Notes(), count=4)


def test_workers_end_when_their_parent_is_killed(office: ModuleType, tmp_path: Path) -> None:
    parent = tmp_path / "parent.py"
    parent.write_text(
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import an_office\n"
        "from tenshot.evaluation.benchmark.workers import run_jobs\n"
        "class Foreman:\n"
        "    def may_start(self, job): return True\n"
        "    def finished(self, job, result): pass\n"
        "    def progress(self, job, done, total):\n"
        "        import multiprocessing\n"
        "        print(multiprocessing.active_children()[0].pid, flush=True)\n"
        "if __name__ == '__main__':\n"
        "    run_jobs([an_office.Job('a', 'sleep')], desk=an_office.desk, foreman=Foreman(), count=1)\n"
    )
    process = subprocess.Popen([sys.executable, parent], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    worker = int(process.stdout.readline())
    process.kill()
    process.wait()
    process.stdout.close()
    assert office
    deadline = time.monotonic() + 20
    while _lives(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _lives(worker)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
        return stat.read().rpartition(")")[2].split()[0] != "Z"
