"""Pictures of a comparison; each detector keeps its colour and marker in all of them."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenshot.evaluation.benchmark.averages import Averages
from tenshot.evaluation.benchmark.drawing import COLOURS, DASHES, MARKERS, drawing, svg_of
from tenshot.evaluation.benchmark.schema import METRICS, PLAIN
from tenshot.evaluation.benchmark.tabulating import listed, printable, shots_title
from tenshot.evaluation.tables import mean_spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tenshot.evaluation.benchmark.schema import Results

__all__ = ["Plot", "plots"]

CHANCE = 0.5
_DRAWN = ("image_auroc", "pixel_auroc")
_WIDTH = 430  # pixels, at which text has the size of small print
_BAND = 0.16
_LONGEST = 34  # letters of a name in a legend
_BAR = 7  # pixels


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture.

    Attributes:
        key: its name, for files and links.
        title: what it shows, in a line.
        svg: one SVG element.
    """

    key: str
    title: str
    svg: str


def plots(results: Results) -> tuple[Plot, ...]:
    """All pictures that the results allow: accuracy by shots, by product, against time, and false alarms.

    Depends on the results alone, down to the byte.
    """
    averages = Averages(results)
    with drawing():
        made = (
            *(_by_shots(averages, metric) for metric in _DRAWN),
            *(_by_product(averages, metric) for metric in _DRAWN),
            _speed(results, averages),
            _alarms(results, averages),
        )
    return tuple(plot for plot in made if plot is not None)


@dataclass(frozen=True, slots=True)
class _Look:
    colour: str
    marker: str
    dash: str


def _looks(averages: Averages) -> dict[str, _Look]:
    return {
        name: _Look(
            COLOURS[index % len(COLOURS)],
            MARKERS[index % len(MARKERS)],
            DASHES[(index // len(COLOURS)) % len(DASHES)],
        )
        for index, name in enumerate(averages.detectors)
    }


def _most(averages: Averages) -> int | None:
    return max((shots for shots in averages.shots(PLAIN) if shots is not None), default=None)


def _best_known(averages: Averages) -> dict[str, int | None]:
    """Detectors at the most shots, and those that learn from all images."""
    most = _most(averages)
    return {name: most if name in averages.measured(most) else None for name in averages.detectors}


def _at(averages: Averages) -> str:
    """At how many shots detectors are shown, and which of them learn from all images."""
    most, trained = _most(averages), averages.measured(None)
    if most is None or not trained:
        return shots_title(most)
    return f"{shots_title(most)}, {printable(listed(trained))}: {shots_title(None)}"


def _by_shots(averages: Averages, metric: str) -> Plot | None:
    columns = [shots for shots in averages.shots(PLAIN) if shots is not None]
    lines = {
        name: {shots: values for shots in columns if (values := list(averages.mean(metric, name, shots).values()))}
        for name in averages.detectors
    }
    bounds = {name: list(averages.mean(metric, name, None).values()) for name in averages.detectors}
    if not any(lines.values()):
        return None
    looks = _looks(averages)
    shown = [name for name in averages.detectors if lines[name] or bounds[name]]
    figure, axes = _figure(230, legend=shown, looks=looks)
    for name in shown:
        _line(axes, lines[name], looks[name])
        if bounds[name]:
            mean = statistics.fmean(bounds[name])
            axes.axhline(mean, color=looks[name].colour, linewidth=1.4, linestyle=(0, (1, 1.5)))
    axes.set_xscale("log")
    axes.set_xticks(columns, [str(shots) for shots in columns])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("normal images (shots); dotted across: learned from all")
    axes.set_ylabel(METRICS[metric])
    axes.grid(axis="y")
    words = [f"{name}: {_told(lines[name], bounds[name])}" for name in shown]
    title = f"{METRICS[metric]} by shots, mean over products, band: standard deviation over seeds"
    return _finished(figure, f"shots-{metric}", title, words)


def _line(axes: Axes, points: Mapping[int, Sequence[float]], look: _Look) -> None:
    means = [statistics.fmean(values) for values in points.values()]
    spreads = [_spread(values) for values in points.values()]
    low, high = ([mean + sign * spread for mean, spread in zip(means, spreads, strict=True)] for sign in (-1, 1))
    axes.fill_between(list(points), low, high, color=look.colour, alpha=_BAND, linewidth=0)
    axes.plot(
        list(points), means, color=look.colour, marker=look.marker, linestyle=look.dash, markersize=5, linewidth=1.6
    )


def _told(points: Mapping[int, Sequence[float]], bound: Sequence[float]) -> str:
    words = [f"{mean_spread(values)} at {shots_title(shots)}" for shots, values in points.items()]
    return listed([*words, *([f"{mean_spread(bound)} from all images"] if bound else [])])


def _by_product(averages: Averages, metric: str) -> Plot | None:
    wanted = _best_known(averages)
    found = {
        each: {name: list(averages.of(metric, each, name, shots).values()) for name, shots in wanted.items()}
        for each in averages.sets
    }
    found = {each: row for each, row in found.items() if any(row.values())}
    if not found:
        return None
    looks = _looks(averages)
    room = _BAR * len(wanted) + 10
    figure, axes = _figure(room * len(found) + 20, legend=list(wanted), looks=looks, squares=True)
    for place, row in enumerate(found.values()):
        for index, (name, values) in enumerate(row.items()):
            if values:
                _bar(axes, place * room + index * _BAR, values, looks[name])
    middle = _BAR * (len(wanted) - 1) / 2
    axes.set_yticks([place * room + middle for place in range(len(found))], [_short(each) for each in found])
    axes.set_ylim(room * len(found) - 10 + _BAR / 2, -_BAR - 2)
    axes.tick_params(axis="y", length=0)
    axes.axvline(CHANCE, color=axes.spines["left"].get_edgecolor(), linewidth=0.8)
    axes.spines["left"].set_visible(False)
    axes.set_xlim(right=1.0)
    axes.set_xlabel(f"{METRICS[metric]}; bars start at chance, {CHANCE}")
    axes.grid(axis="x")
    words = [
        f"{each}: {listed(f'{name} {mean_spread(values)}' for name, values in row.items() if values)}"
        for each, row in found.items()
    ]
    title = f"{METRICS[metric]} by product, error bars: standard deviation over seeds; {_at(averages)}"
    return _finished(figure, f"products-{metric}", title, words)


def _bar(axes: Axes, place: float, values: Sequence[float], look: _Look) -> None:
    mean = statistics.fmean(values)
    axes.barh(place, mean - CHANCE, left=CHANCE, height=_BAR - 1.5, color=look.colour)
    if len(values) > 1:
        axes.errorbar(mean, place, xerr=_spread(values), color=axes.xaxis.label.get_color(), linewidth=1)


def _speed(results: Results, averages: Averages) -> Plot | None:
    known = _best_known(averages)
    points = {}
    for name, shots in known.items():
        times = [cost.image_milliseconds for cost in results.costs if (cost.detector, cost.shots) == (name, shots)]
        values = list(averages.mean("image_auroc", name, shots).values())
        if values and times and min(times) > 0:
            points[name] = (statistics.median(times), values)
    if not points:
        return None
    looks = _looks(averages)
    figure, axes = _figure(230, legend=list(points), looks=looks)
    for name, (time, values) in points.items():
        look = looks[name]
        axes.errorbar(
            time, statistics.fmean(values), yerr=_spread(values), color=look.colour, marker=look.marker, markersize=7
        )
    axes.set_xscale("log")
    _plain_log(axes, [time for time, _ in points.values()])
    axes.set_xlabel("milliseconds an image, one after the other; further left is faster")
    axes.set_ylabel(METRICS["image_auroc"])
    axes.grid(axis="both")
    words = [f"{name}: {time:.1f} ms, {mean_spread(values)}" for name, (time, values) in points.items()]
    title = f"Image AUROC against time, mean over products; {_at(averages)}"
    return _finished(figure, "speed", title, words)


def _plain_log(axes: Axes, values: Sequence[float]) -> None:
    """Ticks at 1, 2 and 5 times powers of ten, written out, with some room around the values."""
    low, high = min(values) / 1.5, max(values) * 1.5
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [digit * 10.0**power for power in powers for digit in (1, 2, 5) if low <= digit * 10.0**power <= high]
    axes.set_xlim(low, high)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)


def _alarms(results: Results, averages: Averages) -> Plot | None:
    known = {name: shots for name, shots in _best_known(averages).items() if name in averages.measured(shots)}
    if not known:
        return None
    looks, wanted = _looks(averages), 100 * results.protocol.false_alarm_rate
    figure, axes = _figure(24 * len(known) + 50)
    words = []
    for place, (name, shots) in enumerate(known.items()):
        rows = [averages.of("false_alarms", each, name, shots) for each in averages.sets]
        means = [100 * statistics.fmean(row.values()) for row in rows if row]
        axes.scatter(means, [place] * len(means), s=22, color=looks[name].colour, alpha=0.5, linewidth=0)
        overall = statistics.fmean(means)
        axes.scatter([overall], [place], s=60, color=looks[name].colour, marker=looks[name].marker)
        words.append(f"{name}: {overall:.1f} % on average, from {min(means):.1f} % to {max(means):.1f} %")
    axes.axvline(wanted, color=axes.xaxis.label.get_color(), linewidth=1.2, linestyle="--")
    axes.set_yticks(range(len(known)), [_short(name) for name in known])
    axes.set_ylim(len(known) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.set_xlabel(f"normal test images flagged, per cent; dashed: the wanted {wanted:g}")
    axes.grid(axis="x")
    title = f"False alarms, small: a product, large: mean over products; {_at(averages)}"
    return _finished(figure, "false-alarms", title, words)


def _figure(
    height: int, *, legend: Sequence[str] = (), looks: Mapping[str, _Look] | None = None, squares: bool = False
) -> tuple[Figure, Axes]:
    """Axes of so many pixels, above a legend of two columns."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine
    from matplotlib.lines import Line2D

    below = 18 * math.ceil(len(legend) / 2) + (8 if legend else 0)
    total = height + 40 + below
    engine = ConstrainedLayoutEngine(rect=(0, below / total, 1, 1 - below / total))
    figure = Figure(figsize=(_WIDTH / 72, total / 72), layout=engine)
    if looks:
        handles = [_handle(Line2D, looks[name], squares=squares) for name in legend]
        placed = figure.legend(handles, [str(index) for index in range(len(legend))], loc="lower left", ncols=2)
        # Set afterwards: a label that begins with an underscore would be left out.
        for text, name in zip(placed.get_texts(), legend, strict=True):
            text.set_text(_short(name))
    return figure, figure.add_subplot()


def _handle(line: Any, look: _Look, *, squares: bool) -> Any:  # noqa: ANN401 - a class of a library imported late
    if squares:
        return line([], [], color=look.colour, linestyle="none", marker="s", markersize=7)
    return line([], [], color=look.colour, linestyle=look.dash, marker=look.marker, markersize=5)


def _finished(figure: Figure, key: str, title: str, words: Iterable[str]) -> Plot:
    key = key.replace("_", "-")
    described = printable("; ".join(words))
    return Plot(key, title, svg_of(figure, key=f"plot-{key}", title=title, description=described))


def _short(name: str) -> str:
    shown = printable(name)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def _spread(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else 0.0
