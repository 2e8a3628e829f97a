"""Figures as Markdown: one table, one way to write a mean with its spread."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MISSING", "markdown_table", "mean_spread", "median_spread"]

MISSING = "–"


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, labels: int = 1) -> str:
    """A Markdown table whose columns line up in the source.

    Args:
        head: what the columns are called.
        rows: cells as they are to be read.
        labels: so many columns from the left are words, aligned left; the others are figures, aligned right.

    Raises:
        ValueError: for a row of another length than the head.
    """
    escaped = [[cell.replace("|", "\\|") for cell in cells] for cells in (head, *rows)]
    widths = [max(3, *map(len, column)) for column in zip(*escaped, strict=True)]

    def line(cells: Sequence[str]) -> str:
        sized = enumerate(zip(cells, widths, strict=True))
        return f"| {' | '.join(c.ljust(width) if i < labels else c.rjust(width) for i, (c, width) in sized)} |"

    dashes = ["-" * (width - 1) for width in widths]
    rule = [f":{dash}" if index < labels else f"{dash}:" for index, dash in enumerate(dashes)]
    return "\n".join([line(escaped[0]), f"| {' | '.join(rule)} |", *map(line, escaped[1:])])


def mean_spread(values: Sequence[float], *, digits: int = 3, sign: bool = False) -> str:
    """Mean ± sample standard deviation; the mean alone for a single value."""
    if not values:
        return MISSING
    mean = f"{statistics.fmean(values):{'+' if sign else ''}.{digits}f}"
    return f"{mean} ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else mean


def median_spread(values: Sequence[float], *, digits: int = 2, unit: str = "") -> str:
    """Median and, in brackets, the quartiles; the median alone for fewer than four values."""
    if not values:
        return MISSING
    median = f"{statistics.median(values):.{digits}f}{unit}"
    if len(values) < 4:  # noqa: PLR2004 - quartiles need four parts
        return median
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{median} [{low:.{digits}f}–{high:.{digits}f}]"
