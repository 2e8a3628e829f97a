"""Results as one Markdown document, to be committed beside ``results.json``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tenshot.evaluation.benchmark import accounting, comparing
from tenshot.evaluation.benchmark.averages import Averages
from tenshot.evaluation.benchmark.tabulating import printable
from tenshot.evaluation.tables import markdown_table

if TYPE_CHECKING:
    from tenshot.evaluation.benchmark.schema import Results
    from tenshot.evaluation.benchmark.tabulating import Section, Table

__all__ = ["summary", "tables"]

# As character references, which no reader of Markdown takes for markup; the table itself escapes bars.
_MARKUP = re.compile(r"[&<>\[\]`*\\]")
_FULL = "Every figure"


def tables(results: Results) -> str:
    """All tables, most wanted first, and what a reader must know to trust them.

    Depends on the results alone, down to the byte.

    Args:
        results: complete or not; what is missing is said or shown as a dash.

    Returns:
        Markdown that ends with a line end. Names are shown letter by letter, whatever they are.
    """
    averages = Averages(results)
    sections = (
        accounting.protocol(results),
        comparing.at_a_glance(results, averages),
        comparing.against_nearest(averages),
        accounting.false_alarms(results, averages),
        accounting.costs(results),
        comparing.other_conditions(results, averages),
        accounting.published_figures(results, averages),
        accounting.provenance(results),
    )
    parts = ["# Benchmark", *(_section(each, level=2) for each in sections if each is not None)]
    parts += [f"## {_FULL}", *(_section(each, level=3) for each in comparing.in_full(averages))]
    return "\n\n".join(parts) + "\n"


def summary(results: Results) -> str:
    """The most wanted figures alone, for a terminal: names as they are, but on one line each."""
    section = comparing.at_a_glance(results, Averages(results))
    parts = [*section.text]
    for table in section.tables:
        head, *rows = [[printable(cell) for cell in row] for row in (table.head, *table.rows)]
        parts += [table.caption, markdown_table(head, rows, labels=table.labels)]
    return "\n\n".join(map(_clean, parts))


def _clean(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))


def _section(section: Section, *, level: int) -> str:
    parts = [f"{'#' * level} {section.title}", *map(_plain, section.text)]
    if section.code:
        # Indented, so that nothing inside can end it.
        parts.append(f"    {section.code}")
    parts += map(_table, section.tables)
    if section.points:
        parts.append("\n".join(f"- **{_plain(name)}**: {_plain(remark)}" for name, remark in section.points))
    return "\n\n".join(parts)


def _table(table: Table) -> str:
    rows = [[_plain(cell) for cell in row] for row in table.rows]
    return f"**{_plain(table.caption)}**\n\n{markdown_table([*map(_plain, table.head)], rows, labels=table.labels)}"


def _plain(text: str) -> str:
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", printable(text))
