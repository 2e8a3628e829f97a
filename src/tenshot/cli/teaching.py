"""``tenshot train``: from a file of settings to a lesson, and from the engine to the terminal."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Self

import typer

from tenshot.cli.console import hint, stderr, stdout
from tenshot.cli.grouping import INTERRUPTED
from tenshot.cli.interrupting import stop_asked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from tenshot.cli.training import TrainingOptions
    from tenshot.training.settings import TrainingConfig

__all__ = ["teach"]

MOST_FACTS = 2


def teach(file: Path, options: TrainingOptions) -> None:
    """Trains, writes the results, and says where they are.

    Args:
        file: of settings.
        options: the rest.

    Raises:
        TenshotError: for settings that cannot be, and if training fails; the last good checkpoint is kept and named.
    """
    config = _configured(file, options)
    from tenshot.training.config_file import rebased
    from tenshot.training.engine import run, what_is_left
    from tenshot.training.lessons import build_lesson
    from tenshot.training.machine import is_first
    from tenshot.training.together import SaidElsewhereError

    base, first = file.resolve().parent, is_first()
    lesson = build_lesson(config, base)
    try:
        with _Watcher(quiet=not first) as watcher, stop_asked(signal.SIGTERM) as stop:
            weights = run(
                lesson,
                settings=config.run,
                optimiser=config.optimiser,
                out=options.out,
                # Written into OUT and looked for there: as seen from OUT.
                config=rebased(config, base, options.out).model_dump(mode="json"),
                resume=options.resume,
                progress=watcher,
                stop=stop.is_set,
            )
    except KeyboardInterrupt as error:
        if first:
            hint(f"tenshot: interrupted; {what_is_left(options.out)}")
        raise typer.Exit(INTERRUPTED) from error
    except SaidElsewhereError as error:
        # With status 0, since whoever started the processes ends all of them as soon as one fails.
        raise typer.Exit from error
    if first:
        stdout().print(f"Weights: {weights}", markup=False, soft_wrap=True)


def _configured(file: Path, options: TrainingOptions) -> TrainingConfig:
    from tenshot.training.config_file import assign, checked, read_yaml
    from tenshot.training.settings import TrainingConfig

    return checked(TrainingConfig, assign(read_yaml(file), options.set or ()))


class _Watcher:
    """Shows how a training goes: a bar on a terminal, a line per row of the log elsewhere.

    Args:
        quiet: show nothing.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._console = stderr()
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._total = 0

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._quiet:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[figures]}"))
            self._bar = Progress(TextColumn("Training"), *columns, console=self._console, transient=True)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def step(self, done: int, total: int) -> None:
        """Moves the bar."""
        self._total = total
        if self._bar and self._task is None:
            self._task = self._bar.add_task("steps", total=total, figures="")
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=done)

    def row(self, row: Mapping[str, float]) -> None:
        """Shows the figures of a row."""
        if self._quiet:
            return
        if self._bar and self._task is not None:
            self._bar.update(self._task, figures=_figures(row, MOST_FACTS))
        else:
            hint(f"[{row['step']:.0f}/{self._total}] {_figures(row)} · {row['seconds']:.2g} s a step")

    def remark(self, sentence: str) -> None:
        """Says a sentence."""
        if not self._quiet:
            hint(f"tenshot: {sentence}")


def _figures(row: Mapping[str, float], most: int | None = None) -> str:
    facts = [(name, value) for name, value in row.items() if name not in ("step", "seconds", "learning_rate")]
    return " · ".join(f"{name} {value:.3g}" for name, value in facts[:most])
