"""What surrounds the comparison: what was measured, false alarms, costs, published figures, where it comes from."""

from __future__ import annotations

import statistics
from collections import defaultdict
from typing import TYPE_CHECKING

from tenshot.evaluation.benchmark import published
from tenshot.evaluation.benchmark.schema import METRICS, PLAIN
from tenshot.evaluation.benchmark.tabulating import Section, Table, learns_from, listed, printable, shots_title
from tenshot.evaluation.tables import MISSING, mean_spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tenshot.evaluation.benchmark.averages import Averages
    from tenshot.evaluation.benchmark.published import Figure
    from tenshot.evaluation.benchmark.schema import Cost, Results

__all__ = ["costs", "false_alarms", "protocol", "provenance", "published_figures"]

_DIGEST = 12  # of 64 digits: enough to tell two apart by eye


def protocol(results: Results) -> Section:
    """What was measured: draws, products, detectors."""
    shared = results.protocol
    plural = "s" if len(shared.seeds) > 1 else ""
    text = [
        f"Every detector learns from the same {_either(shared.shots)} normal images of a product, drawn over its "
        f"whole list with seed{plural} {listed(map(str, shared.seeds))}; K shots are the first K of a draw. Then it "
        f"judges the test images. Maps and masks are compared at {shared.map_size} × {shared.map_size} pixels.",
    ]
    if shared.test_images is not None:
        text.append(f"At most {shared.test_images} normal and {shared.test_images} anomalous images were judged.")
    if shared.train_apart:
        text.append(
            "Detectors that learn from other products first have learned from the folders of --train-on alone, once "
            "for all products judged here, and from none of these."
        )
    products = Table(
        "Products",
        ("product", "digest", "to learn from", "normal judged", "anomalous judged", "masks"),
        tuple(
            (
                *(each.name, each.digest[:_DIGEST]),
                *map(str, (each.train, each.test_good, each.test_bad)),
                "yes" if each.has_masks else "no",
            )
            for each in results.sets
        ),
        labels=2,
    )
    detectors = Table(
        "Detectors",
        ("detector", "learns from", "what it is", "code"),
        tuple((each.name, learns_from(each), each.title, each.code[:_DIGEST]) for each in results.detectors),
        labels=4,
    )
    remarks = ((each.name, " ".join(filter(None, (each.about, _lacking(each.lacks))))) for each in results.sets)
    points = tuple((name, remark) for name, remark in remarks if remark)
    return Section("protocol", "What was measured", tuple(text), (products, detectors), points)


def _either(numbers: tuple[int, ...]) -> str:
    *others, last = map(str, numbers)
    return f"{', '.join(others)} or {last}" if others else last


def _lacking(lacks: str) -> str:
    return f"Lacking: {lacks.rstrip('.')}." if lacks else ""


def false_alarms(results: Results, averages: Averages) -> Section:
    """What was promised of normal images, and what came."""
    columns = averages.shots(PLAIN)
    wanted = f"{100 * results.protocol.false_alarm_rate:g} %"
    tables = [
        Table(
            caption,
            ("detector", *map(shots_title, columns)),
            tuple(
                (name, *(_per_cent(averages.mean(metric, name, shots)) for shots in columns))
                for name in averages.detectors
            ),
        )
        for metric, caption in (
            ("false_alarms", f"Normal test images flagged, in per cent; wanted {wanted}"),
            ("detections", "Anomalous images flagged at the same threshold, in per cent"),
        )
        if averages.common_sets(metric)
    ]
    most = max((shots for shots in columns if shots is not None), default=None)
    ends = dict.fromkeys((most, None))
    known = [(name, shots) for name in averages.detectors for shots in ends if name in averages.measured(shots)]
    rows = tuple(
        (each, *(_per_cent(averages.of("false_alarms", each, *row)) for row in known)) for each in averages.sets
    )
    if known:
        caption = f"Normal test images flagged by product, in per cent, {' or '.join(map(shots_title, ends))}"
        tables.append(Table(caption, ("product", *(name for name, _ in known)), rows))
    text = (
        f"Thresholds are calibrated from the normal images of the support alone, for {wanted} of false alarms. "
        "Mean over products ± sample standard deviation over seeds.",
    )
    return Section("false-alarms", "False alarms", text, tuple(tables))


def _per_cent(values: Mapping[int, float]) -> str:
    return mean_spread([100 * value for value in values.values()], digits=1)


def costs(results: Results) -> Section | None:
    """Time and memory; nothing if they were not measured."""
    groups: dict[tuple[str, int | None, int], list[Cost]] = defaultdict(list)
    for cost in results.costs:
        groups[cost.detector, cost.shots, cost.threads].append(cost)
    if not groups:
        return None
    head = ("detector", "shots", "threads", "products", "adapt (s)", "image (ms)", "peak (MiB)", "training before (s)")
    rows = tuple(
        (
            name,
            "all" if shots is None else str(shots),
            str(threads),
            str(len(group)),
            f"{statistics.median(each.adapt_seconds for each in group):.2f}",
            f"{statistics.median(each.image_milliseconds for each in group):.1f}",
            f"{max(each.peak_mib for each in group):.0f}",
            _training(group),
        )
        for (name, shots, threads), group in groups.items()
    )
    text = (
        "Each measured in a process of its own with nothing shared and nothing else running. Times are medians over "
        "products, memory is the largest. For a detector that learns from all images, adapting is its training.",
    )
    return Section("costs", "Costs", text, (Table("Time and memory", head, rows),))


def _training(group: list[Cost]) -> str:
    seconds = [each.train_seconds for each in group if each.train_seconds is not None]
    return f"{statistics.median(seconds):.1f}" if seconds else MISSING


def published_figures(results: Results, averages: Averages) -> Section | None:
    """Ours beside the paper's, for products of MVTec AD only; nothing without one."""
    categories = {each.name: name for each in results.sets if (name := published.category_of(each)) is not None}
    if not categories:
        return None
    shots = published.SHOTS if published.SHOTS in averages.shots(PLAIN) else max(results.protocol.shots)
    tables = [_beside(averages, metric, shots, categories) for metric in ("pixel_auroc", "miou")]
    conditions = {name.partition(":")[0] for name in results.protocol.conditions}
    details = {
        "Table B, rotated images": published.ROTATION if "rotate" in conditions else {},
        "Table B of an earlier version, whose other figures differ too": _earlier(categories, conditions),
        "Table D, contaminated training": published.CONTAMINATION if "contaminate" in conditions else {},
        "Table 3, receptive field": published.RECEPTIVE_FIELD if _varied(averages, " l=") else {},
    }
    tables += [_published_means(title, rows) for title, rows in details.items() if rows]
    if _varied(averages, " shrinkage="):
        tables.append(_sparsity())
    text = (
        f"Published: {published.PAPER}, Table 1, {published.SHOTS} shots, mean of five draws, no spread given. "
        f"Ours: {shots_title(shots)}, mean ± sample standard deviation over seeds.",
        "They are not measured alike. The paper resizes to 128 × 128 pixels and trains on the fourteen other products; "
        "its auto-encoders learn from all normal images. It does not say which threshold its mIoU uses; ours is the "
        "best single one of the whole test set. Our sets may differ from the official ones, as said below.",
    )
    points = tuple((each.name, each.about) for each in results.sets if each.name in categories)
    return Section("published", "Published figures beside ours", text, tuple(tables), points)


def _earlier(categories: Mapping[str, str], conditions: set[str]) -> dict[str, dict[str, Figure]]:
    shown = "pill" in categories.values() and "rotate" in conditions
    return {name: {"pill": figure} for name, figure in published.EARLIER_ROTATION.items()} if shown else {}


def _varied(averages: Averages, setting: str) -> bool:
    return any(setting in name for name in averages.detectors)


def _beside(averages: Averages, metric: str, shots: int, categories: Mapping[str, str]) -> Table:
    names = averages.measured(shots)
    ours = {each: [averages.of(metric, each, name, shots) for name in names] for each in categories}
    rows = [
        (
            each,
            *(mean_spread(list(values.values())) for values in ours[each]),
            *(f"{getattr(row[category], metric):.2f}" for row in published.LOCALISATION.values()),
        )
        for each, category in categories.items()
    ]
    both = [each for each in categories if names and all(ours[each])]
    if len(both) > 1:
        means = [mean_spread(list(averages.mean(metric, name, shots, sets=both).values())) for name in names]
        rows.append((f"mean of {listed(both)}", *means, *_published_mean(metric, [categories[each] for each in both])))
    rows.append(("mean of all 15 of MVTec AD", *(MISSING for _ in names), *_published_mean(metric, None)))
    theirs = (f"{name}, published" for name in published.LOCALISATION)
    return Table(METRICS[metric], ("product", *names, *theirs), tuple(rows))


def _published_mean(metric: str, categories: Iterable[str] | None) -> list[str]:
    rows = published.LOCALISATION.values()
    return [f"{getattr(published.mean_figure(row, categories), metric):.3f}" for row in rows]


def _published_means(title: str, rows: Mapping[str, Mapping[str, Figure]]) -> Table:
    figures = {name: published.mean_figure(row) for name, row in rows.items()}
    first = next(iter(figures.values()))
    products = listed(next(iter(rows.values())))
    return Table(
        f"Published, {title}: {'mean over ' if ',' in products else ''}{products}",
        ("condition", "mIoU", "change", "Pixel AUROC", "change"),
        tuple(
            (
                *(name, f"{each.miou:.3f}", f"{each.miou - first.miou:+.3f}"),
                *(f"{each.pixel_auroc:.3f}", f"{each.pixel_auroc - first.pixel_auroc:+.3f}"),
            )
            for name, each in figures.items()
        ),
    )


def _sparsity() -> Table:
    return Table(
        "Published, Table 4, with and without shrinkage",
        ("method", "product", "mIoU", "Pixel AUROC", "error, anomalous − normal"),
        tuple(
            (method, name, f"{each.miou:.2f}", f"{each.pixel_auroc:.2f}", f"{each.difference:.1e}")
            for method, row in published.SPARSITY.items()
            for name, each in row.items()
        ),
        labels=2,
    )


def provenance(results: Results) -> Section:
    """Where the figures come from and how to have them again."""
    made = results.made
    points = (
        ("Commit", made.commit or "none; made outside a repository"),
        ("Machine", listed(f"{name.replace('_', ' ')} {value}" for name, value in made.machine.items())),
        ("Versions", listed(f"{name} {version or 'not installed'}" for name, version in made.versions.items())),
        ("Seeds", listed(map(str, results.protocol.seeds))),
    )
    text = ("All figures but the costs follow from code, settings and data alone: the same command gives them again.",)
    return Section("provenance", "Where these figures come from", text, (), points, printable(made.command))
