"""What the terminal shows: progress on stderr while it lasts, results on stdout."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["hint", "progress", "shorten", "stderr", "stdout"]

PATIENCE_SECONDS = 1.0
PIPE_WIDTH = 120


def stdout() -> Console:
    """Where results go; wide enough for paths when it is not a terminal."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPE_WIDTH)


def stderr() -> Console:
    """Where progress, hints and errors go."""
    return Console(stderr=True, highlight=False)


def hint(message: str) -> None:
    """Says one line on stderr that is not a result."""
    stderr().print(message, markup=False, soft_wrap=True)


def shorten(name: str, width: int) -> str:
    """A name cut in the middle to at most ``width`` characters; its end, the file name, tells photos apart."""
    if len(name) <= width:
        return name
    head = max((width - 1) // 4, 0)
    return f"{name[:head]}…{name[len(name) - (width - 1 - head) :]}"


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """Gives a callable of (done, total); on a terminal, work that lasts over a second gets a bar while it lasts.

    Until the first call there is nothing to count, and the bar only shows that something goes on.
    """
    console = stderr()
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[counted]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console,
        transient=True,
    )
    task = bar.add_task(label, total=None, counted="")
    # A timer, since work such as loading a network calls nobody back for seconds.
    patience = threading.Timer(PATIENCE_SECONDS, bar.start)
    patience.daemon = True
    if console.is_terminal:
        patience.start()

    def report(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total, counted=f"{done}/{total}")

    try:
        yield report
    finally:
        patience.cancel()
        if console.is_terminal:
            patience.join()
        if bar.live.is_started:
            bar.stop()
