"""Accuracy on real defects: every competitor, every set, several draws of the support."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image

from tenshot.data.folders import read_mask
from tenshot.data.images import read_image
from tenshot.detectors import Detector
from tenshot.evaluation.competitors import COMPETITORS
from tenshot.evaluation.protocol import draw_support
from tenshot.evaluation.tables import MISSING, markdown_table, mean_spread
from tenshot.metrics import aupro, average_precision, image_auroc, pixel_auroc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from tenshot.core.config import DetectorConfig
    from tenshot.data.folders import Category, LabelledImage
    from tenshot.evaluation.ledger import Cell
    from tenshot.evaluation.remembering import RememberingExtractor

    Progress = Callable[[int, int], None]
    Key = tuple[str, int]

__all__ = ["MAP_SIZE", "accuracy_tables", "judge_set", "resize_map"]

MAP_SIZE = 256
METRICS = {"image_auroc": "Image AUROC", "pixel_auroc": "Pixel AUROC", "aupro": "AUPRO (false-positive rate up to 0.3)"}


def judge_set(
    category: Category,
    wanted: Sequence[Key],
    *,
    extractor: RememberingExtractor,
    configs: Mapping[str, DetectorConfig],
    shots: int,
    progress: Progress,
) -> Iterator[Cell]:
    """Adapts every wanted pair of competitor and seed, judges every test photo with all of them, and measures.

    Photos are the outer loop, so each is decoded and goes through the network once. Kept in memory: the maps, 256 KiB
    per photo and pair, where the set has masks.

    Args:
        category: the set.
        wanted: pairs of competitor and seed. All competitors get the same support of a seed.
        extractor: shared by all.
        configs: settings of every competitor named.
        shots: size of the support.
        progress: called with (done, total) after every photo.

    Yields:
        One cell per pair, in order.
    """
    seeds = dict.fromkeys(seed for _, seed in wanted)
    supports = {seed: draw_support(category.train_good, shots, seed=seed) for seed in seeds}
    tasks = {(name, seed): Detector(extractor, configs[name]).adapt(supports[seed]) for name, seed in wanted}
    extractor.forget()
    scores: dict[Key, list[float]] = {key: [] for key in wanted}
    maps: dict[Key, list[NDArray[np.float32]]] = {key: [] for key in wanted}
    for done, item in enumerate(category.test, start=1):
        pixels = read_image(item.path).pixels
        for key, task in tasks.items():
            [prediction] = task.predict(pixels)
            scores[key].append(prediction.score)
            if category.has_all_masks:
                maps[key].append(resize_map(prediction.anomaly_map))
        extractor.forget()
        progress(done, len(category.test))
    masks = [_mask(item) for item in category.test] if category.has_all_masks else []
    labels = [item.is_anomalous for item in category.test]
    for name, seed in wanted:
        yield {
            "set": category.name,
            "detector": name,
            "seed": seed,
            **_figures(labels, scores[name, seed], masks, maps.pop((name, seed))),
            "support": [path.name for path in supports[seed]],
        }


def resize_map(anomaly_map: NDArray[np.float32]) -> NDArray[np.float32]:
    """A map at the resolution everything is compared at, ``(256, 256)``: bilinear, averaging when it shrinks."""
    if anomaly_map.shape == (MAP_SIZE, MAP_SIZE):
        return anomaly_map
    resized = PIL.Image.fromarray(anomaly_map).resize((MAP_SIZE, MAP_SIZE), PIL.Image.Resampling.BILINEAR)
    return np.asarray(resized)


def _mask(item: LabelledImage) -> NDArray[np.bool_]:
    size = (MAP_SIZE, MAP_SIZE)
    return np.zeros(size, dtype=bool) if item.mask_path is None else read_mask(item.mask_path, size)


def _figures(
    labels: Sequence[bool],
    scores: Sequence[float],
    masks: Sequence[NDArray[np.bool_]],
    maps: Sequence[NDArray[np.float32]],
) -> Cell:
    return {
        "image_auroc": image_auroc(labels, scores),
        "average_precision": average_precision(labels, scores),
        "pixel_auroc": pixel_auroc(masks, maps) if masks else None,
        "aupro": aupro(masks, maps) if masks else None,
    }


def accuracy_tables(cells: Iterable[Cell], sets: Sequence[str]) -> str:
    """One table per metric: sets × competitors, mean ± standard deviation over seeds.

    The difference is that of the default to nearest neighbour, seed by seed. The last row averages sets seed by seed; a
    competitor that was not run on all of them has none.
    """
    held = list(cells)
    names = [name for name in COMPETITORS if any(cell["detector"] == name for cell in held)]
    legend = "\n".join(f"- **{name}**: {COMPETITORS[name][0]}." for name in names)
    tables = [f"### {title}\n\n{_table(held, metric, names, sets)}" for metric, title in METRICS.items()]
    return "\n\n".join([*tables, legend])


def _table(cells: Sequence[Cell], metric: str, names: Sequence[str], sets: Sequence[str]) -> str:
    found = {name: {each: _by_seed(cells, metric, name, each) for each in sets} for name in names}
    measured = [each for each in sets if any(found[name][each] for name in names)]
    means = {name: _mean_by_seed([found[name][each] for each in measured]) for name in names}
    paired = {"default", "nearest"} <= set(names)
    rows = []
    for label, row in [*((each, {name: found[name][each] for name in names}) for each in measured), ("mean", means)]:
        figures = [mean_spread(list(row[name].values())) for name in names]
        rows.append([label, *figures, *([_difference(row["default"], row["nearest"])] if paired else [])])
    return markdown_table(["set", *names, *(["default − nearest"] if paired else [])], rows)


def _by_seed(cells: Sequence[Cell], metric: str, name: str, each: str) -> dict[int, float]:
    return {
        cell["seed"]: cell[metric]
        for cell in cells
        if cell["detector"] == name and cell["set"] == each and cell[metric] is not None
    }


def _mean_by_seed(rows: Sequence[Mapping[int, float]]) -> dict[int, float]:
    if not rows or not all(rows):
        return {}
    seeds = sorted(set.intersection(*(set(row) for row in rows)))
    return {seed: statistics.fmean(row[seed] for row in rows) for seed in seeds}


def _difference(ours: Mapping[int, float], theirs: Mapping[int, float]) -> str:
    both = [ours[seed] - theirs[seed] for seed in sorted(set(ours) & set(theirs))]
    return mean_spread(both, sign=True) if both else MISSING
