"""Figures as Markdown: one table, one way to write a mean with its spread."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MISSING", "markdown_table", "mean_spread", "median_spread"]

MISSING = "–"


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns line up in the source; the first is left-aligned, all others right-aligned.

    Raises:
        ValueError: for a row of another length than the head.
    """
    widths = [max(len(cell), 3) for cell in (max(column, key=len) for column in zip(head, *rows, strict=True))]

    def line(cells: Sequence[str]) -> str:
        first, *others = (cell.replace("|", "\\|") for cell in cells)
        padded = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        return f"| {' | '.join(padded)} |"

    rule = [":" + "-" * (widths[0] - 1), *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(head), f"| {' | '.join(rule)} |", *map(line, rows)])


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
