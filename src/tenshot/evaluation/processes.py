"""Running things in fresh processes: wall time, peak memory, and what they say about themselves."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenshot.core.errors import TenshotError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Run", "run_process"]

MIB = 1 << 10  # ru_maxrss counts KiB on Linux
TAIL = 400


@dataclass(frozen=True, slots=True)
class Run:
    """A process that has ended well.

    Attributes:
        wall: seconds from its start to its end.
        peak: largest resident memory in MiB.
        report: what its last line of output says, as JSON; empty if that is none.
        started: ``time.monotonic()`` at its start. Linux has one such clock for all processes, so a moment that the
            process reports can be counted from here.
    """

    wall: float
    peak: float
    report: dict[str, Any]
    started: float


def run_process(
    command: Sequence[str | Path], *, threads: int, folder: Path | None = None, patience: float = 600
) -> Run:
    """Runs a command and waits for it.

    The caller should be small itself: until a new process loads its own program it counts the memory of its parent.

    Args:
        command: program and arguments.
        threads: how many threads numerical libraries may use.
        folder: to run in.
        patience: seconds after which it is ended.

    Raises:
        TenshotError: if it fails; with the end of what it said.
    """
    variables = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        started = time.monotonic()
        process = subprocess.Popen(  # noqa: S603 - our own programs
            list(map(str, command)), stdout=out, stderr=err, cwd=folder, env=os.environ | variables
        )
        alarm = threading.Timer(patience, process.kill)
        alarm.start()
        # wait4 tells the peak of this one process; getrusage would give the largest of all children so far.
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        alarm.cancel()
        alarm.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        said, complaint = _read(out), _read(err)
    if process.returncode:
        msg = f"{' '.join(map(str, command[:4]))}: failed with status {process.returncode}: {complaint[-TAIL:].strip()}"
        raise TenshotError(msg)
    return Run(wall=wall, peak=usage.ru_maxrss / MIB, report=_report(said), started=started)


def _read(stream: Any) -> str:  # noqa: ANN401 - tempfile's own wrapper
    stream.seek(0)
    return str(stream.read())


def _report(said: str) -> dict[str, Any]:
    last = said.strip().rpartition("\n")[2]
    try:
        report = json.loads(last)
    except ValueError:
        return {}
    return report if isinstance(report, dict) else {}
