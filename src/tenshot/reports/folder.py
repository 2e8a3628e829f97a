"""The folder of results: which files in it are ours, and how each of them is written.

A folder may be used again. Then everything an earlier run wrote there is removed first, so that old and new results
never mix, and everything else stays. Ours is what carries the mark of its kind in its first bytes; a file that has one
of our names without the mark belongs to somebody else, and the run is refused.
"""

from __future__ import annotations

import errno
import os
import re
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tenshot.core.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

__all__ = [
    "ERRORS",
    "HEAT_MAPS",
    "MARK",
    "REPORT",
    "SCORES",
    "SCORES_JSON",
    "RowFile",
    "check_output",
    "clear_output",
    "replace_file",
]

SCORES = "scores.csv"
SCORES_JSON = "scores.jsonl"
ERRORS = "errors.csv"
REPORT = "report.html"
HEAT_MAPS = "heatmaps"
MARK = "written by tenshot"
"""Comment that marks a report or an overlay as ours."""

_PART = ".tenshot-"
_HEAD_BYTES = 8192
_PICTURE = re.compile(rb"\A\xff\xd8.{0,64}" + MARK.encode(), re.DOTALL)
_OURS = {
    SCORES: re.compile(rb"\Apath,score,threshold,p_value,is_anomalous\r?\n"),
    SCORES_JSON: re.compile(rb'\A\{"path": .*"map_threshold": '),
    ERRORS: re.compile(rb"\Apath,error\r?\n"),
    REPORT: re.compile(rb"\A<!doctype html>\n<!-- " + MARK.encode()),
}
_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would become larger than allowed",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "no permission to write there",
    errno.EPERM: "no permission to write there",
    errno.ENOTDIR: "a part of its path is a file, not a folder",
}


def check_output(out: Path) -> None:
    """Makes sure that results can go into a folder, before any work is done; creates the folder.

    Raises:
        OutputError: the folder is a file, cannot be written, or holds a file of ours by name that is not ours.
    """
    with _writing(out):
        is_file = out.exists() and not out.is_dir()
    if is_file:
        msg = f"{out} must be a folder for results; it is a file."
        raise OutputError(msg)
    with _writing(out):
        out.mkdir(parents=True, exist_ok=True)
        handle, probe = tempfile.mkstemp(prefix=_PART, dir=out)
        os.close(handle)
        Path(probe).unlink()
    foreign = [name for name, mark in _OURS.items() if not _is_free(out / name, mark)]
    if (out / HEAT_MAPS).exists() and not (out / HEAT_MAPS).is_dir():
        foreign.append(HEAT_MAPS)
    if foreign:
        msg = (
            f"{out} already holds {' and '.join(foreign)}, not written by tenshot or changed since; "
            "choose another folder or move it away."
        )
        raise OutputError(msg)


def clear_output(out: Path) -> None:
    """Removes what an earlier run wrote into a folder, and nothing else.

    Raises:
        OutputError: as `check_output`, or a file that cannot be removed.
    """
    check_output(out)
    pictures = [path for path in _files(out / HEAT_MAPS, "*.jpg") if _PICTURE.match(_head(path))]
    leftovers = [*_files(out, f"{_PART}*"), *_files(out / HEAT_MAPS, f"{_PART}*")]
    for path in [*(out / name for name in _OURS), *pictures, *leftovers]:
        with _writing(path):
            path.unlink(missing_ok=True)
    with suppress(OSError):
        (out / HEAT_MAPS).rmdir()


def replace_file(path: Path, chunks: Iterable[bytes]) -> None:
    """Writes a file whole or not at all, creating its folder.

    Raises:
        OutputError: it cannot be written; what was there before is untouched.
    """
    with _writing(path):
        path.parent.mkdir(exist_ok=True)
        part = path.with_name(f"{_PART}{os.getpid()}.part")
        try:
            with part.open("wb") as file:
                file.writelines(chunks)
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


class RowFile:
    """A new text file that is valid after every row, whenever the run ends.

    Each row is one unbuffered write; a row that does not fit on the disk is taken back.

    Raises:
        OutputError: the file cannot be created, or, from `write`, a row cannot be written.
    """

    def __init__(self, path: Path, *, header: str = "") -> None:
        """Creates the file, which must not exist, and writes its header."""
        self._path = path
        with _writing(path):
            self._file = path.open("xb", buffering=0)
        try:
            self.write(header)
        except OutputError:
            self._file.close()
            raise

    def write(self, row: str) -> None:
        """Appends a row with its line end. Names that are no Unicode are written with escapes."""
        data = row.encode("utf-8", errors="backslashreplace")
        with _writing(self._path):
            start = self._file.tell()
            try:
                while data:
                    data = data[self._file.write(data) :]
            except BaseException:
                self._file.seek(start)
                self._file.truncate()
                raise

    def __enter__(self) -> Self:
        """Returns itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the file."""
        self._file.close()


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
        msg = f"{path} cannot be written: {reason}."
        raise OutputError(msg) from error


def _is_free(path: Path, mark: re.Pattern[bytes]) -> bool:
    if not path.exists():
        return True
    if not path.is_file():
        return False
    head = _head(path)
    return not head or mark.match(head) is not None


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except OSError as error:
        msg = f"{path} cannot be read, so it is not known whether it may be replaced."
        raise OutputError(msg) from error


def _files(folder: Path, pattern: str) -> list[Path]:
    return [path for path in folder.glob(pattern) if path.is_file()] if folder.is_dir() else []
