"""What a task is, for people and for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from tenshot.cli.adapting import named
from tenshot.cli.console import shorten, stdout

if TYPE_CHECKING:
    from pathlib import Path

    from tenshot.detectors import Adapted

__all__ = ["as_json", "describe"]

MEGABYTE = 1e6
OTHER_COLUMNS = 40


def describe(adapted: Adapted, file: Path) -> None:
    """Prints what a task holds: its photos, worst first, then its settings, then what it can promise."""
    console = stdout()
    summary = adapted.summary()
    console.print(_photos(summary, console.width))
    console.print(_settings(summary, file))
    for note in summary["notes"]:
        console.print(note, markup=False)


def as_json(adapted: Adapted, file: Path) -> str:
    """The same as one JSON object."""
    return json.dumps({"file": str(file), "bytes": file.stat().st_size, **adapted.summary()}, indent=2)


def _photos(summary: dict[str, Any], width: int) -> Table:
    """The normal photos; one that scores high against the others may be no good part at all."""
    table = Table(title="Normal photos", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Id", no_wrap=True)
    table.add_column("Photo", no_wrap=True)
    alone = len(summary["support"]) == 1
    table.add_column("Score moved a little" if alone else "Score when left out", justify="right")
    room = max(width - OTHER_COLUMNS, 20)
    for photo in sorted(summary["support"], key=lambda each: -each["score"]):
        above = photo["score"] > summary["threshold"]
        score = Text(f"{photo['score']:#.4g}", style="bold red" if above else "")
        table.add_row(Text(photo["id"]), Text(shorten(photo["name"], room)), score)
    return table


def _settings(summary: dict[str, Any], file: Path) -> Table:
    config = summary["config"]
    height, width = summary["input_size"]
    extractor = summary["extractor"]
    rows = {
        "file": f"{file} ({file.stat().st_size / MEGABYTE:.1f} MB)",
        "threshold": f"{summary['threshold']:#.4g}  (wanted false-alarm rate {summary['false_alarm_rate']:g})",
        "heat-map scale": f"{summary['map_threshold']:#.4g}",
        "extractor": f"{named(extractor)}, layers {', '.join(map(str, extractor['layers']))}",
        "input": f"{height} x {width} pixels" + (f", tiles of {summary['tile']}" if summary["tile"] else ""),
        "dictionary": f"{summary['atoms']} atoms, augmentation {config['dictionary']['augment']}",
        "coding": f"{config['coding']['method']}, receptive field {config['coding']['receptive_field']}",
        "map and score": f"{config['scoring']['map']}, {config['scoring']['score']}",
        "region of interest": "yes" if summary["has_roi"] else "the whole photo",
    }
    table = Table.grid(padding=(0, 2))
    for name, value in rows.items():
        table.add_row(Text(name, style="dim"), Text(value))
    return table
