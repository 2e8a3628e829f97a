"""What a benchmark writes down: ``results.json``, by a schema that other tools can check (docs/benchmark.schema.json).

Everything but ``made`` and ``costs`` depends on nothing but code, settings and data: two runs agree to the byte,
however often one of them was interrupted.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["FORMAT", "METRICS", "Cell", "Cost", "DetectorInfo", "Extreme", "Made", "Protocol", "Results", "SetInfo"]

FORMAT = 1
PLAIN = "plain"

Share = Annotated[float, Field(ge=0, le=1)]

METRICS: dict[str, str] = {
    "image_auroc": "Image AUROC",
    "image_ap": "Image AP",
    "image_f1": "Image F1-max",
    "pixel_auroc": "Pixel AUROC",
    "pixel_ap": "Pixel AP",
    "aupro": "AUPRO (FPR ≤ 0.3)",
    "miou": "mIoU",
}
"""Fields of a cell that measure accuracy, and what people call them; larger is better for all."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Made(_Record):
    """Where results come from; nothing that says whose machine it was.

    Attributes:
        command: the arguments, without folders.
        commit: of the sources, with ``+`` if they were changed; ``None`` outside a repository.
        machine: processor, cores, memory, system, Python.
        versions: of packages that decide figures.
    """

    command: str
    commit: str | None
    machine: dict[str, str | int | float]
    versions: dict[str, str | None]


class Protocol(_Record):
    """What all detectors had in common.

    Attributes:
        shots: numbers of normal images.
        seeds: of the draws.
        map_size: side in pixels at which maps and masks are compared.
        false_alarm_rate: the wanted one.
        conditions: in which supports and queries were shown.
    """

    shots: tuple[int, ...]
    seeds: tuple[int, ...]
    map_size: int
    false_alarm_rate: Share
    conditions: tuple[str, ...]


class SetInfo(_Record):
    """One product.

    Attributes:
        name: as in the cells.
        about: origin, licence and quirks, in a sentence or two; empty for a user's own folder.
        train: how many normal images support is drawn from.
        test_good: how many normal images are judged.
        test_bad: how many anomalous images are judged.
        has_masks: whether every anomalous image has a mask; without, there are no pixel metrics.
        lacks: the metrics that cannot be computed, and why; empty if none.
        digest: SHA-256 of the names and roles of all images.
        support: for every seed, as text, the names of the drawn normal images; K shots are the first K.
    """

    name: str
    about: str
    train: int
    test_good: int
    test_bad: int
    has_masks: bool
    lacks: str
    digest: str
    support: dict[str, tuple[str, ...]]


class DetectorInfo(_Record):
    """One row of the tables.

    Attributes:
        name: as in the cells.
        title: what it is, in one line.
        kind: ``shots``: adapted to K normal images; ``all``: trained on all normal images of the product, an
            upper bound; ``tasks``: trained on the other products, then adapted to K normal images.
        settings: everything that decides what it computes, in plain types.
        code: SHA-256 of the sources that decide what it computes.
    """

    name: str
    title: str
    kind: Literal["shots", "all", "tasks"]
    settings: dict[str, Any]
    code: str


class Extreme(_Record):
    """An image worth looking at.

    Attributes:
        image: its name.
        kind: ``missed``: an anomalous one that scores low; ``found``: an anomalous one that scores high; ``alarm``: a
            normal one that scores high.
        score: what it scored.
    """

    image: str
    kind: Literal["missed", "found", "alarm"]
    score: float


class Cell(_Record):
    """One measurement: one detector, adapted once, on all test images of one product.

    Attributes:
        set: name of the product.
        detector: name of the detector.
        shots: K; ``None`` for all normal images.
        seed: of the draw.
        condition: ``plain``, or what was done to support or queries.
        image_auroc: chance that an anomalous image scores above a normal one.
        image_ap: average precision of images.
        image_f1: best F1 of images over all thresholds.
        pixel_auroc: chance that an anomalous pixel lies above a normal one; ``None`` without masks, as all that follow.
        pixel_ap: average precision of pixels.
        aupro: area under the per-region overlap up to a false-positive rate of 0.3, divided by 0.3.
        miou: intersection over union of anomalous pixels at the best single threshold of the whole test set.
        false_alarms: share of normal test images above the threshold that was calibrated from the support alone.
        detections: share of anomalous images above that threshold.
        separation: mean score of anomalous images divided by that of normal ones (Table 4 compares their difference).
        threshold: the calibrated one.
        extremes: images worth looking at.
    """

    set: str
    detector: str
    shots: int | None
    seed: int
    condition: str
    image_auroc: Share
    image_ap: Share
    image_f1: Share
    pixel_auroc: Share | None
    pixel_ap: Share | None
    aupro: Share | None
    miou: Share | None
    false_alarms: Share
    detections: Share
    separation: float
    threshold: float
    extremes: tuple[Extreme, ...] = ()


class Cost(_Record):
    """What a detector costs, measured in a process of its own with nothing shared and nothing else running.

    Attributes:
        detector: name of the detector.
        set: name of the product.
        shots: K; ``None`` for all normal images.
        threads: that numerical libraries could use.
        adapt_seconds: from decoded photos to a calibrated detector; for ``all``, the training included.
        image_milliseconds: median, from a decoded photo to verdict and map.
        peak_mib: largest resident memory of the process.
        train_seconds: of the training on other products; ``None`` where there is none.
    """

    detector: str
    set: str
    shots: int | None
    threads: int
    adapt_seconds: float
    image_milliseconds: float
    peak_mib: float
    train_seconds: float | None = None


class Results(_Record):
    """The whole file; lists are in the order of the request, cells by set, detector, shots, condition and seed."""

    format: Literal[1] = 1
    made: Made
    protocol: Protocol
    sets: tuple[SetInfo, ...]
    detectors: tuple[DetectorInfo, ...]
    cells: tuple[Cell, ...]
    costs: tuple[Cost, ...] = ()
