"""What is written down and looked at while training goes on: log, pictures, the search for a collapse."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tenshot.training.files import write_tensors, write_whole
from tenshot.training.log import CsvLog, Row, TensorBoardLog, read_rows, tensorboard_is_there
from tenshot.training.sheet import png

if TYPE_CHECKING:
    from tenshot.training.course import Course
    from tenshot.training.lesson import Lesson
    from tenshot.training.tally import Tally
    from tenshot.training.together import Together

__all__ = ["Diary"]

TABLE, BOARD, PICTURES, BEST = "log.csv", "tensorboard", "pictures", "best.safetensors"
FIRST = ("loss", "gradient_norm", "learning_rate")


class Diary:
    """Of one run, in one of its processes; only the first of them writes, all of them look.

    Args:
        lesson: what is trained.
        course: of the run.
        tally: where the figures come from.
        together: the processes.
    """

    def __init__(self, lesson: Lesson, course: Course, tally: Tally, together: Together) -> None:
        self.lesson = lesson
        self.course = course
        self.tally = tally
        self.together = together
        self.history: list[Row] = []
        self._logs: list[CsvLog | TensorBoardLog] = []
        self._last = (0, 0.0)

    def begin(self, done: int) -> None:
        """Opens the log, cut back to what was done.

        Args:
            done: steps, 0 to begin anew.

        Raises:
            OutputError: if it cannot be written.
        """
        out = self.course.out
        self.history = read_rows(out / TABLE, until=done) if done else []
        self._last = (done, time.monotonic())
        if self.together.leads:
            self._logs = [CsvLog(out / TABLE, self.history)]
            if tensorboard_is_there():
                self._logs.append(TensorBoardLog(out / BOARD, self.history))
            elif self.course.progress:
                self.course.progress.remark("tensorboard is not installed: the log is log.csv alone")
        self.tell(done)

    def after(self, done: int) -> None:
        """Writes and looks as often as the settings say.

        Args:
            done: steps.

        Raises:
            TrainingError: if the lesson finds a collapse.
            OutputError: if something cannot be written.
        """
        settings = self.course.settings
        # Before a checkpoint, which says how good they are.
        if (best := self.lesson.best()) and self.together.leads:
            write_tensors(self.course.out / BEST, *best)
        if done % settings.log_every == 0 or done == settings.steps:
            self._log(done)
        if settings.pictures_every and done % settings.pictures_every == 0 and self.together.leads:
            self._draw(done)
        if done % settings.check_every == 0:
            self.lesson.check(done, self.history)

    def tell(self, done: int) -> None:
        """Tells the progress."""
        if self.course.progress and self.together.leads:
            self.course.progress.step(done, self.course.settings.steps)

    def settle(self) -> None:
        """Waits until the log is on the disk, where the checkpoint that follows needs it."""
        for log in self._logs:
            if isinstance(log, CsvLog):
                log.settle()

    def _log(self, done: int) -> None:
        before, since = self._last
        self._last = (done, time.monotonic())
        seconds = (self._last[1] - since) / max(done - before, 1)
        means = self.tally.end_row()
        first = {name: means.pop(name) for name in FIRST}
        row = {"step": done, **first, **means, "seconds": round(seconds, 6)}
        self.history.append(row)
        for log in self._logs:
            log.add(row)
        if self.course.progress and self.together.leads:
            self.course.progress.row(row)

    def _draw(self, done: int) -> None:
        if panels := self.lesson.pictures(done):
            write_whole(self.course.out / PICTURES / f"step-{done:06}.png", png(panels))
