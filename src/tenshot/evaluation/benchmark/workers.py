"""Several processes, one thread each: all cores are used and no two threads fight over one.

A worker is started anew by ``spawn``, so it shares nothing with its parent. It watches its parent, and ends at once
when that dies, however it dies and whatever the worker was doing.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from contextlib import suppress
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Protocol

from tenshot.core.errors import TenshotError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    Step = Callable[[int, int], None]

__all__ = ["Foreman", "Job", "limit_threads", "run_jobs", "watch_parent"]

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class Job(Protocol):
    """Something a worker can do; it travels through a pipe."""

    @property
    def label(self) -> str:
        """For people."""


class Foreman(Protocol):
    """Told how it goes, in the parent."""

    def may_start(self, job: Any) -> bool:  # noqa: ANN401 - a job of whatever kind
        """Whether everything the job needs is there."""

    def progress(self, job: Any, done: int, total: int) -> None:  # noqa: ANN401
        """A job is so far."""

    def finished(self, job: Any, result: Any) -> None:  # noqa: ANN401
        """A job is done; what it gave is to be kept now."""


class _Worker:
    """A process and what it is doing."""

    def __init__(self, desk: Callable[[Any, Step], Any], number: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=_serve, args=(theirs,), name=f"worker {number}")
        self.process.daemon = True
        self.process.start()
        theirs.close()
        self.job: Job | None = None
        self._desk: Callable[[Any, Step], Any] | None = desk

    def give(self, job: Job) -> None:
        """Hands a job over; before the first one, the desk.

        The desk comes by the pipe and not with the process: unpickling it imports numpy, which must not happen before
        the worker has limited its threads.
        """
        self.job = job
        try:
            if self._desk is not None:
                self.connection.send(self._desk)
                self._desk = None
            self.connection.send(job)
        except OSError as error:
            raise self.lost() from error

    def lost(self) -> TenshotError:
        """What to say of a worker that has ended."""
        self.process.join()
        return TenshotError(
            f"{self.job.label if self.job else self.process.name}: a worker ended unexpectedly "
            f"(status {self.process.exitcode}; -9 often means too little memory: try --jobs 1). "
            "Finished cells are kept, --resume goes on"
        )

    def stop(self) -> None:
        self.process.terminate()
        self.process.join()
        self.connection.close()


def run_jobs(jobs: Iterable[Job], *, desk: Callable[[Any, Step], Any], foreman: Foreman, count: int) -> None:
    """Does all jobs, as many at once as there are workers.

    Args:
        jobs: in the order in which they should start.
        desk: does a job; called in the workers as ``desk(job, progress)``. It travels through a pipe once per worker.
        foreman: told how it goes.
        count: of workers, at most as many as jobs.

    Raises:
        TenshotError: what a job raised, or a worker that ended unexpectedly. Jobs under way are lost, finished ones
            have been handed over.
    """
    pending = deque(jobs)
    workers = [_Worker(desk, number) for number in range(min(count, len(pending)))]
    try:
        while True:
            for worker in workers:
                if worker.job is None and (job := _next(pending, foreman)) is not None:
                    worker.give(job)
            busy = {worker.connection: worker for worker in workers if worker.job is not None}
            if not busy:
                break
            for connection in wait(list(busy)):
                _listen(busy[connection], foreman)  # type: ignore[index]
    finally:
        for worker in workers:
            worker.stop()
    if pending:
        msg = f"{pending[0].label}: what it needs was never made"
        raise TenshotError(msg)


def _next(pending: deque[Job], foreman: Foreman) -> Job | None:
    for job in pending:
        if foreman.may_start(job):
            pending.remove(job)
            return job
    return None


def _listen(worker: _Worker, foreman: Foreman) -> None:
    job = worker.job
    if job is None:
        raise AssertionError
    try:
        kind, content = worker.connection.recv()
    except (EOFError, OSError) as error:
        raise worker.lost() from error
    if kind == "progress":
        foreman.progress(job, *content)
    elif kind == "error":
        msg = f"{job.label}: {content}"
        raise TenshotError(msg)
    else:
        worker.job = None
        foreman.finished(job, content)


def _serve(connection: Connection) -> None:
    """The life of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    watch_parent()
    limit_threads(1)
    with suppress(EOFError, OSError):  # the parent is gone
        desk = connection.recv()
        while True:
            job = connection.recv()
            try:
                result = desk(job, lambda done, total: connection.send(("progress", (done, total))))
            except TenshotError as error:
                connection.send(("error", str(error)))
            else:
                connection.send(("done", result))


def limit_threads(count: int) -> None:
    """Gives numerical libraries so many threads; to be called before any of them is imported."""
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(count)))
    import torch

    torch.set_num_threads(count)


def watch_parent() -> None:
    """Ends this process when the one that started it ends."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="watching the parent", daemon=True).start()
