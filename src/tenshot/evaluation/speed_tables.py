"""The tables of the speed benchmark, from its record."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from tenshot.evaluation.machine import one_line
from tenshot.evaluation.solvers import SOLVERS
from tenshot.evaluation.tables import MISSING, markdown_table, median_spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenshot.evaluation.ledger import Cell, Ledger

__all__ = ["SIDES", "speed_page"]

SIDES = ("tenshot", "tenshot, peer's layers", "PatchCore")
BESIDE = (
    ("adapting to ten photos, s", "adapt", 1.0, 2),
    ("one photo, file to map, ms", "score", 1e3, 1),
    ("fresh process to first score with a kept model, s", "start", 1.0, 2),
    ("peak memory of adapting and scoring ten, MiB", "peak", 1.0, 0),
    ("whole run as a user types it, s", "wall", 1.0, 1),
    ("its peak memory, MiB", "whole_peak", 1.0, 0),
)
SOLVER_NOTE = """\
One photo against ten. What the solvers are worth in accuracy is in `solvers/results.md`."""
ROUND = ("adapt", "start", "whole")
LARGEST = {"score of one photo": 1.5, "adaptation": 2.0, "import": 0.3, "help": 0.5, "memory": 800.0}
NOTES = """\
Photos are 256-px PNG files. Both sides read them from disk, run in fresh processes with the same number of threads, and
take turns. *PatchCore* is anomalib's, with its own image reader, pre-processing and coreset of a tenth, on the same
network with the same weights. It taps blocks.2 and blocks.4, which puts its features on the grid that tenshot uses;
*tenshot* taps blocks.1 as well, its default, and *tenshot, peer's layers* the same two. A whole run is
`tenshot inspect`, report and heat maps included, and `Engine.fit` plus `Engine.predict` without visualiser, logger and
validation. Peaks are those of whole processes as the system counts them; unloading torch alone adds about 125 MiB at
their end, which `tenshot` on the command line leaves out. Spread: quartiles, in brackets."""


def speed_page(ledger: Ledger) -> str:
    """The whole Markdown page."""
    header, cells = ledger.header, ledger.cells
    versions = ", ".join(f"{name} {number}" for name, number in header["versions"].items() if number)
    missing = header.get("peer_missing")
    absent = [f"The peer was not measured to the end: {missing}"] if missing else []
    threads = header["settings"]["threads"]
    how = f"Made by `python -m tenshot.evaluation speed` with {threads} thread{'s' * (threads != 1)}"
    origin = f"{how}; {one_line(header['machine'])}; commit {header['commit'] or 'unknown'}"
    return "\n\n".join(
        [
            "# Speed and size",
            f"{origin}; {versions}. Every cell: `{ledger.file.name}`.",
            f"## Beside its own forward pass\n\n{_ratio_table(cells)}",
            f"## Solvers\n\n{_solver_table(cells)}\n\n{SOLVER_NOTE}",
            f"## Starting and memory\n\n{_start_table(cells)}",
            f"## Beside PatchCore\n\n{_beside_table(cells)}",
            *absent,
            NOTES + "\n",
        ]
    )


def _ratio_table(cells: Sequence[Cell]) -> str:
    [cell] = [cell for cell in cells if cell["what"] == "ratios"]
    pairs, adaptations = cell["warm_up"]["pairs"], cell["warm_up"]["adaptations"]
    forward, score, predict = (cell[name][pairs:] for name in ("forward", "score", "predict"))
    adapt, forwards = (cell[name][adaptations:] for name in ("adapt", "forwards"))
    rows = [
        _judged("scoring one photo ÷ forward pass", _quotients(score, forward), LARGEST["score of one photo"]),
        _judged("adapting to ten ÷ ten forward passes", _quotients(adapt, forwards), LARGEST["adaptation"]),
        ["forward pass, ms", median_spread([1e3 * each for each in forward], digits=1), "", ""],
        ["scoring one photo, map included, ms", median_spread([1e3 * each for each in score], digits=1), "", ""],
        ["decoded photo to verdict, ms", median_spread([1e3 * each for each in predict], digits=1), "", ""],
        ["adapting to ten decoded photos, ms", median_spread([1e3 * each for each in adapt], digits=0), "", ""],
    ]
    return markdown_table(["batch of one", "median", "goal", ""], rows)


def _solver_table(cells: Sequence[Cell]) -> str:
    [cell] = [cell for cell in cells if cell["what"] == "ratios"]
    forward = statistics.median(cell["forward"][cell["warm_up"]["pairs"] :])
    rows = [
        [
            name,
            SOLVERS[name][0],
            median_spread([1e3 * each for each in seconds], digits=1),
            f"{statistics.median(seconds) / forward:.2f}",
        ]
        for name, seconds in cell["solvers"].items()
    ]
    return markdown_table(["solver", "", "features to score and map, ms", "÷ forward pass"], rows)


def _start_table(cells: Sequence[Cell]) -> str:
    starting = [cell for cell in cells if cell["what"] == "starting"]
    peaks = [cell["whole_peak"] for cell in cells if cell["what"] == "whole" and cell["who"] == "tenshot"]
    rows = [
        _judged("`import tenshot`, s", [cell["import"] for cell in starting], LARGEST["import"]),
        _judged("`tenshot --help`, s", [cell["help"] for cell in starting], LARGEST["help"]),
        _judged("peak memory of `tenshot inspect`, ten photos, MiB", peaks, LARGEST["memory"], digits=0),
    ]
    return markdown_table(["", "median", "goal", ""], rows)


def _judged(label: str, values: Sequence[float], largest: float, *, digits: int = 2) -> list[str]:
    met = "met" if statistics.median(values) <= largest else "missed"
    return [label, median_spread(values, digits=digits), f"at most {largest:g}", met]


def _beside_table(cells: Sequence[Cell]) -> str:
    rows = []
    for label, figure, scale, digits in BESIDE:
        found = {who: _figures(cells, who, figure, scale) for who in SIDES}
        times = _quotients(found["PatchCore"], found["tenshot"])
        figures = [median_spread(found[who], digits=digits) for who in SIDES]
        rows.append([label, *figures, median_spread(times, digits=1) if times else MISSING])
    return markdown_table(["", *SIDES, "PatchCore ÷ tenshot"], rows)


def _figures(cells: Sequence[Cell], who: str, figure: str, scale: float) -> list[float]:
    return [scale * cell[figure] for cell in cells if cell["who"] == who and cell["what"] in ROUND and figure in cell]


def _quotients(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Turn by turn: neighbours in time share what the machine was doing."""
    return [a / b for a, b in zip(above, below, strict=False)]
