"""Results on disk: a JSON file of cells that grows while a run goes on, and that the next run resumes."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from tenshot.core.errors import InputError, OutputError
from tenshot.evaluation.machine import commit, describe_machine, installed_versions, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["Cell", "Ledger", "made_by", "write_whole"]

Cell = dict[str, Any]
"""One measurement: what it is of (set, detector, seed, ...) and its raw figures, in plain types."""


class Ledger:
    """Cells of one table. Every added cell is on disk before the next is measured.

    Cells of an existing file are kept if it was made with the same settings, and dropped otherwise: a table never mixes
    measurements of different code or protocol.

    Args:
        file: the JSON file.
        title: what is measured.
        settings: everything that decides a figure; plain types.
        resume: keep cells of an existing file.

    Raises:
        InputError: if the file exists and is no such ledger.
        OutputError: if it cannot be written.
    """

    def __init__(self, file: Path, *, title: str, settings: Mapping[str, Any], resume: bool = True) -> None:
        self.file = file
        self.header: dict[str, Any] = {
            "title": title,
            "commit": commit(),
            "machine": describe_machine(),
            "versions": installed_versions(),
            "settings": json.loads(json.dumps(settings)),
        }
        before = _read(file, title)
        same = resume and before is not None and before["settings"] == self.header["settings"]
        found: list[Cell] = before["cells"] if before is not None else []
        self.cells: list[Cell] = found if same else []
        self.dropped = len(found) - len(self.cells)

    def note(self, **facts: object) -> None:
        """Adds facts to the header that belong to the record but decide nothing."""
        self.header.update(facts)

    def has(self, **key: object) -> bool:
        """Whether a cell with all these entries has been measured."""
        return any(all(cell.get(name) == value for name, value in key.items()) for cell in self.cells)

    def add(self, cell: Cell) -> None:
        """Keeps a cell and writes the file."""
        self.cells.append(json.loads(json.dumps(cell)))
        self.write()

    def write(self) -> None:
        """Writes the file, whole or not at all; one line per cell, so that differences between runs can be read."""
        head = json.dumps(self.header, indent=2, ensure_ascii=False)[:-2]
        lines = ",\n".join(f"    {json.dumps(cell, ensure_ascii=False)}" for cell in self.cells)
        write_whole(self.file, f'{head},\n  "cells": [\n{lines}\n  ]\n}}\n')


def made_by(ledger: Ledger, *, seeds: Sequence[int]) -> str:
    """The last line of a page: by what it was made, and on which machine."""
    header = ledger.header
    versions = ", ".join(f"{name} {number}" for name, number in header["versions"].items() if number)
    how = f"Made by `python -m tenshot.evaluation {header['title']}`, seeds {seeds[0]} to {seeds[-1]}"
    where = f"commit {header['commit'] or 'unknown'}; {versions}; {one_line(header['machine'])}"
    return f"{how}; {where}. Every cell: `{ledger.file.name}`."


def write_whole(file: Path, text: str) -> None:
    """Writes a text file beside its place and renames it; its folder is made if need be.

    Raises:
        OutputError: if it cannot be written.
    """
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8")
        beside.replace(file)
    except OSError as error:
        msg = f"{file}: cannot write the results ({error.strerror or error})"
        raise OutputError(msg) from error


def _read(file: Path, title: str) -> dict[str, Any] | None:
    if not file.exists():
        return None
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        known = (content["title"], type(content["settings"]), type(content["cells"])) == (title, dict, list)
    except (OSError, ValueError, KeyError, TypeError):
        known = False
    if not known:
        msg = f"{file}: expected results of {title!r} to resume, or no file; got something else"
        raise InputError(msg)
    return dict(content)
