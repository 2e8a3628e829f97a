"""The log of a training: a row every few steps, as a table that never has a row twice, and for TensorBoard.

The table is the truth. A resumed run cuts it back to the step it goes on from, and writes what TensorBoard shows anew
from it.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import os
import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tenshot.core.errors import OutputError
from tenshot.training.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tensorboard.compat.proto.event_pb2 import Event

__all__ = ["CsvLog", "Row", "TensorBoardLog", "read_rows", "tensorboard_is_there"]

Row = dict[str, float]
"""A row of the log: ``step``, ``loss`` and so on; facts that were not there are missing."""


def read_rows(file: Path, *, until: int) -> list[Row]:
    """Rows of a log up to a step, without a last one that is not whole.

    Args:
        file: that need not be there.
        until: the last step wanted.
    """
    try:
        with file.open(newline="", encoding="utf-8") as stream:
            lines = list(csv.DictReader(line for line in stream if line.endswith("\n")))
    except (OSError, UnicodeDecodeError, csv.Error):
        return []
    rows = [row for line in lines if (row := _numbers(line)) is not None]
    return [row for row in rows if row["step"] <= until]


def _numbers(line: Mapping[str, str | None]) -> Row | None:
    try:
        row = {name: float(text) for name, text in line.items() if text}
    except (TypeError, ValueError):
        return None
    return row if "step" in row else None


class CsvLog:
    """A table of rows that is on the disk as far as it goes.

    Args:
        file: the table.
        rows: it begins with; whatever else it holds is dropped.

    Raises:
        OutputError: if it cannot be written, here and in all methods.
    """

    def __init__(self, file: Path, rows: Sequence[Row]) -> None:
        self.file = file
        self.rows: list[Row] = []
        self._columns: list[str] = []
        self._rewrite(list(rows))

    def add(self, row: Row) -> None:
        """Adds a row; one with facts that are new makes the table wider."""
        if row.keys() - self._columns:
            self._rewrite([*self.rows, row])
            return
        with _written(self.file), self.file.open("a", newline="", encoding="utf-8") as stream:
            csv.writer(stream, lineterminator="\n").writerow(self._texts(row))
        self.rows.append(row)

    def settle(self) -> None:
        """Waits until the table is on the disk."""
        with _written(self.file), self.file.open("rb") as stream:
            os.fsync(stream.fileno())

    def _rewrite(self, rows: list[Row]) -> None:
        self._columns = list(dict.fromkeys(name for row in rows for name in row))
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if rows:
            writer.writerows([self._columns, *map(self._texts, rows)])
        write_whole(self.file, text.getvalue().encode())
        self.rows = rows

    def _texts(self, row: Row) -> list[str]:
        return [_text(row[name]) if name in row else "" for name in self._columns]


def _text(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))  # noqa: PLR2004


@contextmanager
def _written(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        msg = f"{file}: the log cannot be written ({error.strerror or error})"
        raise OutputError(msg) from error


def tensorboard_is_there() -> bool:
    """Whether TensorBoard is installed."""
    return importlib.util.find_spec("tensorboard") is not None


class TensorBoardLog:
    """The rows as TensorBoard reads them, each on the disk before the next.

    Args:
        folder: of TensorBoard's files; what is in it is replaced.
        rows: it begins with.

    Raises:
        OutputError: if it cannot be written, here and in ``add``.
    """

    def __init__(self, folder: Path, rows: Sequence[Row]) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        self.file = folder / "events.out.tfevents.tenshot"
        with _written(self.file):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True, exist_ok=True)
            self._append([Event(wall_time=time.time(), file_version="brain.Event:2")])
        for row in rows:
            self.add(row)

    def add(self, row: Row) -> None:
        """Adds a row."""
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [Summary.Value(tag=name, simple_value=value) for name, value in row.items() if name != "step"]
        event = Event(wall_time=time.time(), step=int(row["step"]), summary=Summary(value=values))
        with _written(self.file):
            self._append([event])

    def _append(self, events: list[Event]) -> None:
        # Not torch's SummaryWriter: it writes in a thread, where a full disk is a traceback that nobody can catch.
        from tensorboard.summary.writer.record_writer import RecordWriter

        with self.file.open("ab") as stream:
            writer = RecordWriter(stream)
            for event in events:
                writer.write(event.SerializeToString())
