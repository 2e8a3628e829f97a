"""What a set of labelled images holds and what is wrong with it, for people and for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer
from rich.table import Table
from rich.text import Text

from tenshot.cli.console import progress, stdout

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from tenshot.data.checking import CategoryReport, Report

__all__ = ["run_check", "show_report"]

FORMATS = 3  # kinds of image that are listed


def run_check(path: str | Path, *, data: Path | None = None, as_json: bool = False) -> int:
    """Checks a set, and prints what was found on stdout.

    Args:
        path: a folder, or the name of a known set.
        data: where known sets are looked up by name.
        as_json: print one JSON object.

    Returns:
        The exit status: 1 if there are problems, else 0.

    Raises:
        MissingError: there is no such folder or set.
    """
    from tenshot.data.checking import check

    with progress("Reading") as tell:
        report = check(path, data=data, progress=tell)
    if as_json:
        typer.echo(json.dumps(report.as_dict(), indent=2))
    else:
        show_report(report, stdout())
    return int(report.has_problems)


def show_report(report: Report, console: Console) -> None:
    """Prints a report for people: product by product, then the verdict."""
    if report.layout is not None:
        console.print(Text(f"{report.path}: layout of {report.layout}"), soft_wrap=True)
    if report.split:
        console.print(Text(f"It has no split; tenshot's: {report.split}."), soft_wrap=True)
    for category in report.categories:
        console.print()
        _show_category(category, console)
    _list(console, "problem", report.problems, "bold red")
    faulty = sum(bool(each.problems) for each in report.categories)
    count = len(report.categories)
    console.print()
    if report.layout is None:
        console.print("It cannot be measured on.")
    elif faulty:
        console.print(f"Problems in {faulty} of {count} {_sets(count)}.")
    else:
        console.print(f"No problems in {count} {_sets(count)}.")


def _show_category(category: CategoryReport, console: Console) -> None:
    console.print(Text(category.name, style="bold"))
    if category.about:
        console.print(Text(category.about, style="dim"))
    table = Table.grid(padding=(0, 2))
    for name, value in _rows(category).items():
        table.add_row(Text(name, style="dim"), Text(value))
    console.print(table)
    _list(console, "problem", category.problems, "bold red")
    _list(console, "remark", category.remarks, "yellow")


def _rows(category: CategoryReport) -> dict[str, str]:
    masks = category.masks
    kinds = [f"{count} of {name}" for name, count in category.formats.items()]
    more = f"; {len(kinds) - FORMATS} other kinds" if len(kinds) > FORMATS else ""
    return {
        "to learn": f"{category.train_good} normal",
        "to judge": ", ".join(f"{count} {defect}" for defect, count in category.test.items()),
        "images": "; ".join(kinds[:FORMATS]) + more,
        "masks": f"{masks['paired']} paired, {masks['missing']} missing, {masks['empty']} black",
        "metrics": ", ".join(category.metrics) or "none",
        **({"lacks": category.lacks} if category.lacks else {}),
    }


def _list(console: Console, label: str, lines: tuple[str, ...], style: str) -> None:
    for line in lines:
        console.print(Text.assemble((f"{label}: ", style), line), soft_wrap=True)


def _sets(count: int) -> str:
    return "set" if count == 1 else "sets"
