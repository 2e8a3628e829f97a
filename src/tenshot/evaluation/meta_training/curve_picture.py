"""Learning curves as a picture: a line of panels for each comparison, a colour for each variant."""

from __future__ import annotations

import re
import statistics
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np

from tenshot.evaluation.benchmark.drawing import COLOURS, drawing, svg_of
from tenshot.evaluation.meta_training.variants import COMPARISONS, VARIANTS, cells_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

    from tenshot.evaluation.ledger import Cell

    Curve = tuple[list[float], list[float]]

__all__ = ["curve_picture", "smoothed"]

PANELS = (
    ("rows", "loss", "loss, change since its start"),
    ("rows", "cosine", "cosine of ∇E and corruption"),
    ("looks", "valid_remaining", "unseen: remaining (dotted: 1)"),
    ("looks", "valid_auroc_gradient", "unseen: AUROC, gradient map"),
)
"""Where a figure is, its name, and what a panel says of it."""

WINDOW = 5
BAND = 0.15
WIDTH, HEIGHT = 960, 200  # pixels
TITLE = "Learning curves of episodic training, smoothed; line: mean over seeds, band: their range"


def curve_picture(cells: Sequence[Cell]) -> str:
    """An SVG of all comparisons, on white; the same cells give the same bytes."""
    from matplotlib.figure import Figure

    with drawing():
        figure = Figure(figsize=(WIDTH / 72, HEIGHT * len(COMPARISONS) / 72), layout="constrained", facecolor="white")
        lines = list(np.ravel(np.array(figure.subfigures(len(COMPARISONS), 1))))
        for line, (title, names) in zip(lines, COMPARISONS.items(), strict=True):
            _compare(line, title, names, cells)
        for axes in lines[-1].axes:
            axes.set_xlabel("steps")
        said = "; ".join(f"{title}: {', '.join(names.values())}" for title, names in COMPARISONS.items())
        return _short(svg_of(figure, key="curves", title=TITLE, description=said)) + "\n"


def smoothed(values: Sequence[float], window: int = WINDOW) -> list[float]:
    """The running mean over so many values up to each one, or as many as there are.

    >>> smoothed([1.0, 3.0, 5.0], window=2)
    [1.0, 2.0, 4.0]
    """
    return [statistics.fmean(values[max(0, end - window) : end]) for end in range(1, len(values) + 1)]


def _compare(line: SubFigure, title: str, names: Mapping[str, str], cells: Sequence[Cell]) -> None:
    from matplotlib.lines import Line2D

    line.set_facecolor("white")
    panels = line.subplots(1, len(PANELS))
    for axes, (part, figure, label) in zip(panels, PANELS, strict=True):
        for variant in VARIANTS:
            if variant.name in names:
                _draw(axes, [_curve(cell, part, figure) for cell in cells_of(cells, variant)], _colour(variant.name))
        if figure == "valid_remaining":
            axes.axhline(1, color=axes.xaxis.label.get_color(), linewidth=0.8, linestyle=":")
        axes.set_title(label, loc="left")
        axes.grid(axis="y")
        axes.locator_params(nbins=4)
    handles = [Line2D([], [], color=_colour(name), linewidth=2) for name in names]
    line.suptitle(title, x=0.01, ha="left", weight="bold")
    line.legend(handles, list(names.values()), loc="upper right", ncols=len(handles), borderpad=0)


def _draw(axes: Axes, curves: Sequence[Curve], colour: str) -> None:
    """The mean of several curves, and their range; some may end sooner."""
    found = [curve for curve in curves if curve[0]]
    if not found:
        return
    steps = max((each for each, _ in found), key=len)
    columns = [[y for y in column if y is not None] for column in zip_longest(*(values for _, values in found))]
    means = [statistics.fmean(column) for column in columns]
    if len(found) > 1:
        low, high = ([extreme(column) for column in columns] for extreme in (min, max))
        axes.fill_between(steps, low, high, color=colour, alpha=BAND, linewidth=0)
    axes.plot(steps, means, color=colour, linewidth=1.8)


def _curve(cell: Cell, part: str, name: str) -> Curve:
    """Steps and values; rows are smoothed, looks are few."""
    held = cell[part]
    steps = held.get("step" if part == "rows" else "after", [])
    pairs = [(step, value) for step, value in zip(steps, held.get(name, []), strict=False) if value is not None]
    values = [value for _, value in pairs]
    if part == "rows":
        values = smoothed(values)
    if name == "loss" and values:
        start = values[min(WINDOW, len(values)) - 1]
        values = [value - start for value in values]
    return [step for step, _ in pairs], values


def _colour(name: str) -> str:
    return COLOURS[[variant.name for variant in VARIANTS].index(name) % len(COLOURS)]


def _short(svg: str) -> str:
    """The same without digits that no eye sees, and without indentation."""
    exact = re.compile(r"(\.\d\d)\d+")
    return re.sub(r"<[^>]*>", lambda tag: exact.sub(r"\1", tag[0]), re.sub(r"\n\s*", "\n", svg))
