"""Training on its own terms as a page: trained beside untrained, seed by seed."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, NamedTuple

from tenshot.evaluation.ledger import made_by
from tenshot.evaluation.tables import markdown_table, mean_spread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tenshot.evaluation.ledger import Cell, Ledger

__all__ = ["STATES", "Point", "best_point", "own_terms_page", "own_terms_table"]

STATES = ("untrained", "trained")

LEGEND = (
    "Mean ± standard deviation over seeds, which draw the episodes ({episodes} each, {shots} + {queries} frames) and "
    "the patches; *difference* is trained less untrained, seed by seed. *Remaining*: MSE to the query after a walk "
    "without noise over that before (1 = nothing repaired, 0 = all), at the settings' step size × J and at the best of "
    "the grid below, which is chosen for each network on these very episodes. *Cosine*: of the gradient at the "
    "corrupted query and the corruption. *AUROC*: of the pixels that the patches changed. *Corrupted ÷ clean*: mean "
    "energies. *Ranked*: how often a corrupted query has more energy than a clean one of its task."
)


class Point(NamedTuple):
    """A point of the grid.

    Attributes:
        size: its place among the step sizes.
        steps: its place among the numbers of steps.
    """

    size: int
    steps: int


def own_terms_page(ledger: Ledger, *, sheet: str, pictured: str) -> str:
    """The page.

    Args:
        ledger: of all measurements.
        sheet: name of the pictures' file, beside the page.
        pictured: kind of the tasks on the sheet.
    """
    settings = ledger.header["settings"]
    base, grid = settings["base"], settings["grid"]
    sources = ", ".join(f"{each['folder'] or 'invented'} ({each['kind']})" for each in base["tasks"])
    episode = base["episode"]
    legend = LEGEND.format(episodes=base["validating"]["episodes"], shots=episode["shots"], queries=episode["queries"])
    parts = [
        "# On its own terms",
        f"Trained networks beside themselves before training, on tasks held out of it: {sources}.",
        legend,
        own_terms_table(ledger.cells, grid=grid, usual=(base["langevin"]["step_size"], base["langevin"]["steps"])),
        "Remaining, mean over seeds, by step size (root mean square over the picture, of pixels in [0, 1]) and J:",
        _grid_table(ledger.cells, grid),
        f"![Langevin steps and gradient maps, before and after training]({sheet})",
        f"The sheet shows tasks of kind {pictured}, the most changed query of each episode, at J and the step size "
        "that is best for each network there.",
        made_by(ledger, seeds=sorted({cell["seed"] for cell in ledger.cells})),
    ]
    return "\n\n".join(parts) + "\n"


def own_terms_table(cells: Sequence[Cell], *, grid: dict[str, list[float]], usual: tuple[float, int]) -> str:
    """Three rows a network: untrained, trained, and the difference.

    Args:
        cells: measurements.
        grid: ``sizes`` and ``steps``.
        usual: the point of the grid that the settings name.
    """
    point = Point(grid["sizes"].index(usual[0]), grid["steps"].index(usual[1]))
    head = ["network", "", f"remaining, {_named(grid, point)}", "best", "at", "cosine"]
    head += ["AUROC, gradient map", "AUROC, residual map", "corrupted ÷ clean", "ranked"]
    rows = []
    for name in dict.fromkeys(cell["network"] for cell in cells):
        states = {state: _of(cells, name, state) for state in STATES}
        best = {state: best_point(mine) for state, mine in states.items()}
        figures = {state: _figures(mine, point, best[state]) for state, mine in states.items()}
        for state in STATES:
            shown = [mean_spread(values) for values in figures[state]]
            rows.append([name, state, *shown[:2], _named(grid, best[state]), *shown[2:]])
        pairs = zip(figures["trained"], figures["untrained"], strict=True)
        less = [[t - u for t, u in zip(trained, untrained, strict=True)] for trained, untrained in pairs]
        shown = [mean_spread(values, sign=True) for values in less]
        rows.append([name, "difference", *shown[:2], "", *shown[2:]])
    return markdown_table(head, rows, labels=2)


def best_point(cells: Sequence[Cell], *, steps: int | None = None) -> Point:
    """The point of the grid that leaves least of the corruption on the mean over seeds.

    Args:
        cells: of one network in one state.
        steps: place of the number of steps that is wanted; ``None`` for any.
    """
    sizes, counts = len(cells[0]["remaining"]), len(cells[0]["remaining"][0])
    points = [Point(i, j) for i in range(sizes) for j in range(counts) if steps in (None, j)]
    return min(points, key=lambda point: _mean(cells, point))


def _of(cells: Sequence[Cell], name: str, state: str) -> list[Cell]:
    return sorted(
        (cell for cell in cells if (cell["network"], cell["state"]) == (name, state)), key=lambda cell: cell["seed"]
    )


def _mean(cells: Sequence[Cell], point: Point) -> float:
    return statistics.fmean(cell["remaining"][point.size][point.steps] for cell in cells)


def _figures(cells: Sequence[Cell], usual: Point, best: Point) -> list[list[float]]:
    """The columns of a row, a value a seed."""
    reading: list[Callable[[Cell], float]] = [
        lambda cell: cell["remaining"][usual.size][usual.steps],
        lambda cell: cell["remaining"][best.size][best.steps],
        lambda cell: cell["facts"]["cosine"],
        lambda cell: cell["facts"]["auroc_gradient"],
        lambda cell: cell["facts"]["auroc_residual"],
        lambda cell: cell["facts"]["corrupted"] / cell["facts"]["positive"],
        lambda cell: cell["facts"]["ranked"],
    ]
    return [[read(cell) for cell in cells] for read in reading]


def _grid_table(cells: Sequence[Cell], grid: dict[str, list[float]]) -> str:
    head = ["network", "", "step size", *(f"J = {steps}" for steps in grid["steps"])]
    rows = [
        [name, state, f"{size:g}", *(f"{_mean(mine, Point(i, j)):.3f}" for j in range(len(grid["steps"])))]
        for name in dict.fromkeys(cell["network"] for cell in cells)
        for state in STATES
        if (mine := _of(cells, name, state))
        for i, size in enumerate(grid["sizes"])
    ]
    return markdown_table(head, rows, labels=2)


def _named(grid: dict[str, list[float]], point: Point) -> str:
    return f"{grid['sizes'][point.size]:g} × {grid['steps'][point.steps]}"
