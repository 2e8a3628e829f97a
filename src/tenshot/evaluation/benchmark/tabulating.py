"""Tables and sections as words, before they become Markdown or HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tenshot.evaluation.benchmark.schema import DetectorInfo

__all__ = ["Section", "Table", "learns_from", "listed", "printable", "shots_title"]

_KINDS = {"shots": "K images", "all": "all images", "tasks": "other products + K images"}


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as they are to be read.

    Attributes:
        caption: what the figures are.
        head: what the columns are called.
        rows: cells; the first ``labels`` of a row are words, the others figures.
        labels: so many columns from the left are words.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    labels: int = 1


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report.

    Attributes:
        key: a short name for links to it.
        title: its heading.
        text: paragraphs before everything else.
        tables: of figures.
        points: remarks behind the tables, each with what it is about.
        code: text to be shown letter by letter; empty if none.
    """

    key: str
    title: str
    text: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    points: tuple[tuple[str, str], ...] = ()
    code: str = ""


def printable(text: str) -> str:
    """A name as one line that can be shown: what cannot be printed, line ends among it, becomes �."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def listed(names: Iterable[str]) -> str:
    """Names one after the other, or "none"."""
    return ", ".join(names) or "none"


def shots_title(shots: int | None) -> str:
    """What a column is called that holds figures at so many normal images."""
    if shots is None:
        return "all images"
    return f"{shots} shot" if shots == 1 else f"{shots} shots"


def learns_from(info: DetectorInfo) -> str:
    """What a detector has seen before it judges."""
    return _KINDS[info.kind]
