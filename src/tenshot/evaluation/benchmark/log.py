"""Finished cells on disk: one line each, added as they come, so that a killed run loses only what it was doing."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from tenshot.core.errors import InputError, OutputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["CellLog"]


class CellLog:
    """Records by identity; an identity says everything that decides a record.

    Args:
        file: of lines of JSON; made if need be. A last line that was cut off by a kill is dropped.

    Raises:
        InputError: if the file holds something else.
        OutputError: if it cannot be written.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.records: dict[str, dict[str, Any]] = {}
        whole = self._read()
        for number, line in enumerate(whole.split("\n")[:-1], start=1):
            try:
                entry = json.loads(line)
                self.records[entry["id"]] = dict(entry["record"])
            except (ValueError, KeyError, TypeError) as error:
                msg = f"{file}, line {number}: expected a finished cell of a benchmark, got something else"
                raise InputError(msg) from error

    def add(self, records: Mapping[str, Mapping[str, Any]]) -> None:
        """Keeps records; when this returns they are on disk."""
        lines = [json.dumps({"id": name, "record": record}) for name, record in records.items()]
        try:
            with self.file.open("a", encoding="utf-8") as out:
                out.write("".join(f"{line}\n" for line in lines))
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            raise self._unwritable(error) from error
        # As they would be read back, so that a resumed run has the very same records.
        self.records.update({entry["id"]: entry["record"] for entry in map(json.loads, lines)})

    def _read(self) -> str:
        """What is there, up to the last whole line; the rest is cut off the file."""
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            content = self.file.read_bytes() if self.file.exists() else b""
            whole = content[: content.rfind(b"\n") + 1]
            if len(whole) < len(content):
                with self.file.open("r+b") as out:
                    out.truncate(len(whole))
            return whole.decode("utf-8")
        except UnicodeDecodeError as error:
            msg = f"{self.file}: expected finished cells of a benchmark, got something else"
            raise InputError(msg) from error
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(f"{self.file}: cannot keep finished cells ({error.strerror or error})")
