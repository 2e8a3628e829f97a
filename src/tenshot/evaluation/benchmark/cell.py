"""One measurement of a benchmark, in plain types."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["METRICS", "PLAIN", "Cell", "Extreme", "Record", "Share"]

PLAIN = "plain"
"""The condition in which nothing is done to support or queries."""

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


class Record(BaseModel):
    """Plain facts, frozen, with no fields but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Extreme(Record):
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


class Cell(Record):
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
