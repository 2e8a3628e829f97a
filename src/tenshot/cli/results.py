"""Where a scoring run goes: a folder of results, a table for people, JSON for programs, an exit status for both."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from tenshot.cli.adapting import task_summary
from tenshot.cli.console import hint, shorten, stdout
from tenshot.cli.grouping import FLAGGED, INTERRUPTED
from tenshot.cli.scoring import score_images
from tenshot.core.errors import InputError
from tenshot.data.sources import find_images
from tenshot.reports import check_output
from tenshot.reports.folder import HEAT_MAPS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tenshot.cli.options import OutputOptions
    from tenshot.cli.scoring import Run, Verdict
    from tenshot.detectors import Adapted

__all__ = ["as_json", "deliver", "exit_status", "plan", "show"]

DEFAULT_FOLDER = Path("tenshot-results")
MOST_ROWS = 15
OTHER_COLUMNS = 46
TRUTH_COLUMN = 14
LEAST_NAME = 12


def plan(images: Sequence[Path], out: Path | None) -> tuple[list[Path], Path]:
    """The photos to judge and the folder of results, which is created and known to be writable before any work is done.

    Heat maps that an earlier run left in that folder are no photos to judge.

    Raises:
        MissingError: if a path does not exist or a pattern matches nothing.
        InputError: if there is nothing to judge.
        OutputError: if results cannot go there.
    """
    folder = out or DEFAULT_FOLDER
    # os.path.realpath bears what Path.resolve raises for: links that lead back to themselves.
    heat_maps = Path(os.path.realpath(folder / HEAT_MAPS))
    photos = [photo for photo in find_images(images) if heat_maps not in Path(os.path.realpath(photo)).parents]
    if not photos:
        msg = f"no images but the heat maps of an earlier run in {folder}; name the photos themselves"
        raise InputError(msg)
    check_output(folder)
    return photos, folder


def deliver(adapted: Adapted, photos: Sequence[Path], folder: Path, *, title: str, output: OutputOptions) -> None:
    """Scores photos, tells the results and ends the command with its exit status."""
    run = score_images(adapted, photos, folder, task=task_summary(adapted, title), overlays=not output.no_heatmaps)
    if output.json:
        typer.echo(as_json(run, adapted))
        _warn(run)
    else:
        show(run, adapted)
    raise typer.Exit(exit_status(run, fail_on_anomaly=output.fail_on_anomaly))


def exit_status(run: Run, *, fail_on_anomaly: bool) -> int:
    """130 after Ctrl-C; 1 where that is wanted and a photo was flagged, or not judged at all; else 0."""
    if run.interrupted:
        return INTERRUPTED
    return FLAGGED if fail_on_anomaly and (run.flagged or run.unreadable) else 0


def show(run: Run, adapted: Adapted, *, truth: Mapping[str, str] | None = None, remarks: Sequence[str] = ()) -> None:
    """Prints the table, worst first, the counts, and the path of the report last.

    Args:
        run: what was scored.
        adapted: with what.
        truth: what is known about photos by name, as an extra column.
        remarks: lines to print after the counts.
    """
    console = stdout()
    _warn(run)
    table = _table(run, adapted, console.width, truth or {}) if run.verdicts else ()
    # The first note says how thresholds come about; those after it are about this task.
    for part in (*table, _counts(run), *adapted.notes[1:], *remarks):
        console.print(part, markup=False)
    console.print(Text.assemble("Report: ", (str(run.report), "bold")), soft_wrap=True)


def as_json(run: Run, adapted: Adapted) -> str:
    """The run as one JSON object."""
    summary = {
        "inspected": len(run.verdicts),
        "anomalous": run.flagged,
        "unreadable": len(run.unreadable),
        "known": run.known,
        "interrupted": run.interrupted,
        "threshold": adapted.threshold,
        "notes": list(adapted.notes),
        "out": str(run.out),
        "report": str(run.report),
        "results": [
            {
                "path": verdict.name,
                "score": verdict.score,
                "p_value": verdict.p_value,
                "is_anomalous": verdict.is_anomalous,
            }
            for verdict in run.verdicts
        ],
        "errors": [{"path": str(item.path), "error": item.message} for item in run.unreadable],
    }
    return json.dumps(summary, indent=2)


def _table(run: Run, adapted: Adapted, width: int, truth: Mapping[str, str]) -> Iterator[Table | str]:
    folder = _common_folder(run)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Image", no_wrap=True)
    if truth:
        table.add_column("Known to be")
    for title in ("Score", "x threshold", "p-value"):
        table.add_column(title, justify="right")
    table.add_column("Verdict")
    room = max(width - OTHER_COLUMNS - (TRUTH_COLUMN if truth else 0), LEAST_NAME)
    for verdict in _worst(run):
        known = [truth.get(verdict.name, "")] if truth else []
        name = str(Path(verdict.name).relative_to(folder)) if folder else verdict.name
        table.add_row(Text(shorten(name, room)), *known, *_figures(verdict, adapted.threshold), _word(verdict))
    yield f"Images in {shorten(folder, width - 10)}" if folder else "Images"
    yield table
    yield f"Threshold {adapted.threshold:#.4g}. p-value: chance that a good part scores this high."
    if len(run.verdicts) > MOST_ROWS:
        yield f"{len(run.verdicts) - MOST_ROWS} more in scores.csv."


def _common_folder(run: Run) -> str:
    """The folder that all judged photos lie in, "" if they share none."""
    folders = [str(Path(verdict.name).parent) for verdict in run.verdicts]
    try:
        return os.path.commonpath(folders)
    except ValueError:  # absolute and relative paths mixed
        return ""


def _worst(run: Run) -> list[Verdict]:
    return sorted(run.verdicts, key=lambda verdict: verdict.score, reverse=True)[:MOST_ROWS]


def _figures(verdict: Verdict, threshold: float) -> tuple[str, str, str]:
    p_value = f"{verdict.p_value:.3f}" if verdict.p_value >= 0.001 else "< 0.001"  # noqa: PLR2004
    return f"{verdict.score:#.4g}", f"{verdict.score / threshold:.2f}", p_value


def _word(verdict: Verdict) -> Text:
    return Text("anomalous", style="bold red") if verdict.is_anomalous else Text("normal", style="green")


def _counts(run: Run) -> str:
    parts = [f"{len(run.verdicts)} inspected", f"{run.flagged} anomalous", f"{len(run.verdicts) - run.flagged} normal"]
    if run.unreadable:
        parts.append(f"{len(run.unreadable)} could not be judged (errors.csv)")
    return " · ".join(parts)


def _warn(run: Run) -> None:
    """Says on stderr what the counts alone would hide."""
    for item in run.unreadable[:MOST_ROWS]:
        hint(f"tenshot: not judged: {item.message}")
    if run.known:
        hint(f"tenshot: {run.known} of these photos are among the normal ones: they match themselves and say nothing")
    if run.interrupted:
        hint("tenshot: interrupted; the results hold what was finished")
