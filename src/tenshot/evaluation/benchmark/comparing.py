"""Tables that compare detectors: at a glance, against nearest neighbour, under other conditions, and in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tenshot.evaluation.benchmark.averages import difference
from tenshot.evaluation.benchmark.schema import METRICS, PLAIN
from tenshot.evaluation.benchmark.tabulating import Section, Table, learns_from, listed, shots_title
from tenshot.evaluation.tables import mean_spread

if TYPE_CHECKING:
    from tenshot.evaluation.benchmark.averages import Averages
    from tenshot.evaluation.benchmark.schema import Results

__all__ = ["HEADLINES", "NEAREST", "against_nearest", "at_a_glance", "in_full", "other_conditions", "sets_counted"]

HEADLINES = ("image_auroc", "pixel_auroc", "aupro")
"""Metrics of the summary."""
NEAREST = "nearest"
"""The detector everything is compared with."""

_SEPARATION = {"separation": "Separation (mean score of anomalous ÷ of normal images)"}


def at_a_glance(results: Results, averages: Averages) -> Section:
    """Detectors by shots, for the metrics people ask for first."""
    columns = averages.shots(PLAIN)
    tables, text = [], ["Mean over products ± sample standard deviation over seeds; larger is better."]
    for metric in HEADLINES:
        counted = averages.common_sets(metric)
        text.append(f"{METRICS[metric]}: {sets_counted(averages, metric)}")
        rows = tuple(
            (
                info.name,
                learns_from(info),
                *(mean_spread(list(averages.mean(metric, info.name, shots).values())) for shots in columns),
            )
            for info in results.detectors
        )
        if counted:
            head = ("detector", "learns from", *map(shots_title, columns))
            tables.append(Table(METRICS[metric], head, rows, labels=2))
    return Section("summary", "At a glance", tuple(text), tuple(tables))


def sets_counted(averages: Averages, metric: str) -> str:
    """Over which products a mean is formed, and why not over others."""
    sentence = f"mean over {listed(averages.common_sets(metric))}."
    gaps = averages.gaps(metric)
    return f"{sentence} Not counted: {'; '.join(gaps)}." if gaps else sentence


def against_nearest(averages: Averages) -> Section | None:
    """What each detector is above nearest neighbour with the same normal images; nothing without nearest neighbour."""
    columns = [shots for shots in averages.shots(PLAIN) if NEAREST in averages.measured(shots)]
    others = [name for name in averages.detectors if name != NEAREST]
    tables = []
    for metric in HEADLINES if columns else ():
        theirs = {shots: averages.mean(metric, NEAREST, shots) for shots in columns}
        gained = {
            name: [difference(averages.mean(metric, name, shots), theirs[shots]) for shots in columns]
            for name in others
        }
        rows = tuple(
            (name, *(mean_spread(values, sign=True) for values in by_shots))
            for name, by_shots in gained.items()
            if any(by_shots)
        )
        if rows:
            tables.append(Table(METRICS[metric], ("detector", *map(shots_title, columns)), rows))
    if not tables:
        return None
    text = (
        "Difference of the means over products, seed by seed: both have learned from the same images. "
        "Mean ± sample standard deviation of the difference. Detectors that learn from all images have no such pair.",
    )
    return Section("nearest", f"Difference to {NEAREST}", text, tuple(tables))


def other_conditions(results: Results, averages: Averages) -> Section | None:
    """What changes when supports or queries are not shown as they are; nothing if all were."""
    conditions = [name for name in results.protocol.conditions if name != PLAIN]
    tables = []
    for metric in (*HEADLINES, "miou"):
        for shots in averages.shots():
            table = _changes(averages, metric, shots, conditions)
            if table is not None:
                tables.append(table)
    if not tables:
        return None
    text = (
        "The first row is plain; the others say by how much they differ from it, seed by seed, with the same normal "
        "images. Each row is a mean over the products that all its detectors have in both conditions; their number is "
        "in the second column.",
    )
    return Section("conditions", "Other conditions", text, tuple(tables))


class _Case(NamedTuple):
    metric: str
    shots: int | None
    condition: str


def _changes(averages: Averages, metric: str, shots: int | None, conditions: list[str]) -> Table | None:
    names = [name for name in averages.detectors if any(name in averages.measured(shots, each) for each in conditions)]
    rows = []
    for condition in conditions:
        case = _Case(metric, shots, condition)
        sets = _sets_with(averages, case, [name for name in names if name in averages.measured(shots, condition)])
        if sets:
            rows.append((condition, str(len(sets)), *(_change(averages, case, name, sets) for name in names)))
    if not rows:
        return None
    sets = _sets_with(averages, _Case(metric, shots, PLAIN), names)
    plain = [mean_spread(list(averages.mean(metric, name, shots, sets=sets).values())) for name in names]
    caption = f"{METRICS[metric]}, {shots_title(shots)}"
    return Table(caption, ("condition", "products", *names), ((PLAIN, str(len(sets)), *plain), *rows))


def _sets_with(averages: Averages, case: _Case, names: list[str]) -> list[str]:
    def has(each: str, name: str, condition: str) -> bool:
        return bool(averages.of(case.metric, each, name, case.shots, condition=condition))

    pairs = [(name, condition) for name in names for condition in (PLAIN, case.condition)]
    return [each for each in averages.sets if pairs and all(has(each, *pair) for pair in pairs)]


def _change(averages: Averages, case: _Case, name: str, sets: list[str]) -> str:
    changed = averages.mean(case.metric, name, case.shots, condition=case.condition, sets=sets)
    return mean_spread(difference(changed, averages.mean(case.metric, name, case.shots, sets=sets)), sign=True)


def in_full(averages: Averages) -> list[Section]:
    """One section a metric, one table a number of shots: products by detectors."""
    sections = []
    for metric, title in {**METRICS, **_SEPARATION}.items():
        tables = [_full_table(averages, metric, shots) for shots in averages.shots(PLAIN)]
        kept = tuple(table for table in tables if table is not None)
        text = ("Mean ± sample standard deviation over seeds. " + _last_row(averages, metric),)
        if kept:
            sections.append(Section(f"full-{metric.replace('_', '-')}", title, text, kept))
    return sections


def _last_row(averages: Averages, metric: str) -> str:
    counted = sets_counted(averages, metric)
    return f"Last row: {counted}" if averages.common_sets(metric) else f"No last row; {counted}"


def _full_table(averages: Averages, metric: str, shots: int | None) -> Table | None:
    names = averages.measured(shots)
    found = {each: [averages.of(metric, each, name, shots) for name in names] for each in averages.sets}
    rows = [(each, *(mean_spread(list(values.values())) for values in row)) for each, row in found.items() if any(row)]
    if not rows:
        return None
    if averages.common_sets(metric):
        rows.append(("mean", *(mean_spread(list(averages.mean(metric, name, shots).values())) for name in names)))
    return Table(shots_title(shots), ("product", *names), tuple(rows))
