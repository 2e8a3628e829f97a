"""Measuring: some cells of one product, judged together so that no image is decoded or seen by the network twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenshot.data.folders import read_mask
from tenshot.data.images import read_image
from tenshot.evaluation.benchmark.cell import Cell, Extreme
from tenshot.evaluation.benchmark.draws import draw
from tenshot.metrics import average_precision, f1_max, image_auroc, pixel_metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tenshot.core.types import Image
    from tenshot.data.folders import Category, LabelledImage
    from tenshot.detectors.contract import AdaptedDetector, AnomalyDetector
    from tenshot.evaluation.benchmark.conditions import Condition
    from tenshot.evaluation.benchmark.plan import Key

    Source = Path | Image
    Progress = Callable[[int, int], None]

__all__ = ["MAP_SIZE", "adapt", "judge", "read", "resize_map", "truth"]

MAP_SIZE = 256
QUERY_SEED = 0  # what is done to a query depends on the image, not on the draw: all detectors see the same picture
EXTREMES = 2


def judge(
    category: Category,
    keys: Sequence[Key],
    *,
    condition: Condition,
    build: Callable[[Key], AnomalyDetector],
    names: Mapping[str, Sequence[str]],
    false_alarm_rate: float,
    forget: Callable[[], None],
    progress: Progress,
) -> Iterator[Cell]:
    """Adapts the detector of every key, judges every test image with all of them, and measures.

    Images are the outer loop. Kept in memory: the maps, 256 KiB per image and key, where the set has masks.

    Args:
        category: the product.
        keys: of the wanted cells; all of this product and this condition.
        condition: what is done to support and queries.
        build: makes the detector of a key.
        names: of the drawn normal images, by seed.
        false_alarm_rate: the wanted one.
        forget: called whenever remembered features will not be needed again.
        progress: called with (done, total) after every image, adaptations counted as images.

    Yields:
        One cell per key, in order.
    """
    total = len(keys) + len(category.test)
    runs: list[_Run] = []
    for key in keys:
        drawn = draw(category, names.get(str(key.seed), ()), shots=key.shots, condition=condition, seed=key.seed)
        adapted = adapt(build(key), drawn.support, condition=condition, false_alarm_rate=false_alarm_rate)
        runs.append(_Run(key, adapted, drawn.taken))
        progress(len(runs), total)
    forget()
    masks: list[NDArray[np.bool_]] = []
    for index, item in enumerate(category.test):
        image = read(item.source)
        query = condition.on_query(image, QUERY_SEED)
        if category.has_all_masks:
            masks.append(truth(item) if condition.leaves_geometry else _turned_truth(item, image, condition))
        for run in runs:
            run.judge(index, query, keep_map=category.has_all_masks)
        forget()
        progress(len(keys) + index + 1, total)
    for run in runs:
        yield run.measure(category, masks)


def adapt(
    detector: AnomalyDetector, support: Sequence[Source], *, condition: Condition, false_alarm_rate: float
) -> AdaptedDetector:
    """Adapts to normal images as a condition shows them."""
    if condition.leaves_support:
        return detector.adapt(support, false_alarm_rate=false_alarm_rate)
    shown = [condition.on_support(read(source), QUERY_SEED) for source in support]
    return detector.adapt(shown, false_alarm_rate=false_alarm_rate)


def read(source: Source) -> Image:
    """An image of a list, decoded."""
    from tenshot.core.types import Image

    return source if isinstance(source, Image) else read_image(source)


def resize_map(anomaly_map: NDArray[np.float32]) -> NDArray[np.float32]:
    """A map at the resolution everything is compared at, ``(256, 256)``: bilinear, averaging when it shrinks."""
    if anomaly_map.shape == (MAP_SIZE, MAP_SIZE):
        return anomaly_map
    import PIL.Image

    resized = PIL.Image.fromarray(anomaly_map).resize((MAP_SIZE, MAP_SIZE), PIL.Image.Resampling.BILINEAR)
    return np.asarray(resized)


def truth(item: LabelledImage) -> NDArray[np.bool_]:
    """Which pixels of an image are anomalous, at the size of the maps; the nearest pixel is taken."""
    size = (MAP_SIZE, MAP_SIZE)
    return np.zeros(size, dtype=bool) if item.mask_path is None else read_mask(item.mask_path, size)


class _Run:
    """One adapted detector on its way through the test images."""

    def __init__(self, key: Key, adapted: AdaptedDetector, taken: frozenset[int]) -> None:
        self.key = key
        self.adapted = adapted
        self.taken = taken
        self.indices: list[int] = []
        self.scores: list[float] = []
        self.maps: list[NDArray[np.float32]] = []

    def judge(self, index: int, image: Image, *, keep_map: bool) -> None:
        if index in self.taken:
            return
        [prediction] = self.adapted.predict(image)
        self.indices.append(index)
        self.scores.append(prediction.score)
        if keep_map:
            self.maps.append(resize_map(prediction.anomaly_map))

    def measure(self, category: Category, masks: Sequence[NDArray[np.bool_]]) -> Cell:
        labels = np.array([category.test[index].is_anomalous for index in self.indices])
        scores = np.array(self.scores)
        pixels = pixel_metrics([masks[index] for index in self.indices], self.maps) if masks else None
        self.maps.clear()
        threshold = self.adapted.threshold
        names = [category.label(category.test[index].source) for index in self.indices]
        return Cell(
            set=category.name,
            detector=self.key.detector,
            shots=self.key.shots,
            seed=self.key.seed,
            condition=self.key.condition,
            image_auroc=image_auroc(labels, scores),
            image_ap=average_precision(labels, scores),
            image_f1=f1_max(labels, scores),
            pixel_auroc=pixels.auroc if pixels else None,
            pixel_ap=pixels.average_precision if pixels else None,
            aupro=pixels.aupro if pixels else None,
            miou=pixels.miou if pixels else None,
            false_alarms=float(np.mean(scores[~labels] > threshold)),
            detections=float(np.mean(scores[labels] > threshold)),
            separation=float(scores[labels].mean() / max(scores[~labels].mean(), np.finfo(np.float64).tiny)),
            threshold=threshold,
            extremes=_extremes(names, labels, scores),
        )


def _extremes(names: Sequence[str], labels: NDArray[np.bool_], scores: NDArray[np.float64]) -> tuple[Extreme, ...]:
    order = np.argsort(scores, kind="stable")
    bad, good = [i for i in order if labels[i]], [i for i in order if not labels[i]]
    picked = [
        *(("missed", i) for i in bad[:EXTREMES]),
        *(("found", i) for i in reversed(bad[-EXTREMES:])),
        *(("alarm", i) for i in reversed(good[-EXTREMES:])),
    ]
    return tuple(Extreme(image=names[i], kind=kind, score=float(scores[i])) for kind, i in picked)  # type: ignore[arg-type]


def _turned_truth(item: LabelledImage, image: Image, condition: Condition) -> NDArray[np.bool_]:
    """The truth about an image as a condition shows it."""
    if item.mask_path is None:
        return truth(item)
    whole = condition.on_mask(read_mask(item.mask_path, image.pixels.shape[:2]), image, QUERY_SEED)
    rows, columns = ((2 * np.arange(MAP_SIZE) + 1) * have // (2 * MAP_SIZE) for have in whole.shape)
    return whole[np.ix_(rows, columns)]
