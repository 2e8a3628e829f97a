"""Images worth looking at, each beside its anomaly map."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenshot.core.errors import InputError

if TYPE_CHECKING:
    from typing import Literal

    from tenshot.core.types import Image
    from tenshot.detectors.contract import AdaptedDetector

    Kind = Literal["missed", "found", "alarm"]

__all__ = ["Example", "show"]

HEIGHT = 240
WIDEST = 480
QUALITY = 82


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An image, what a detector made of it, and what that looks like.

    Attributes:
        set: name of the product.
        detector: name of the detector.
        kind: ``missed``, ``found`` or ``alarm``; see ``Extreme``.
        name: of the image.
        score: larger = more anomalous; unbounded; not a probability.
        threshold: a score above it is anomalous.
        picture: JPEG; the photo beside its overlay, or above it where it is wide.
        width: of the picture in pixels.
        height: of the picture in pixels.
    """

    set: str
    detector: str
    kind: Kind
    name: str
    score: float
    threshold: float
    picture: bytes
    width: int
    height: int


def show(
    adapted: AdaptedDetector,
    image: Image,
    *,
    set: str,  # noqa: A002 - the word of tables and files
    detector: str,
    kind: Kind,
    name: str | None = None,
) -> Example:
    """Judges an image and draws what was found, on the colour scale of every report.

    Args:
        adapted: who judges.
        image: photo, as it is to be judged.
        set: name of the product.
        detector: what tables call the detector.
        kind: why it is shown.
        name: of the image; its own by default.

    Returns:
        A picture whose photo and overlay are each at most 240 pixels high and 480 wide.

    Raises:
        InputError: for a kind that does not exist.
    """
    from PIL import Image as Pil

    from tenshot.reports.overlay import beside, displayed, overlaid, ratio_map

    if kind not in {"missed", "found", "alarm"}:
        msg = f"kind: expected missed, found or alarm, got {kind!r}"
        raise InputError(msg)
    [prediction] = adapted.predict(image)
    rows, columns = image.pixels.shape[:2]
    photo = displayed(image, max_side=min(WIDEST, max(HEIGHT, math.floor(HEIGHT * columns / rows))))
    size = (photo.shape[0], photo.shape[1])
    ratio = ratio_map(prediction.anomaly_map, prediction.map_threshold, size=size)
    sheet = Pil.fromarray(beside(photo, overlaid(photo, ratio)))
    buffer = io.BytesIO()
    sheet.save(buffer, "JPEG", quality=QUALITY)
    return Example(
        set=set,
        detector=detector,
        kind=kind,
        name=image.name if name is None else name,
        score=float(prediction.score),
        threshold=float(prediction.threshold),
        picture=buffer.getvalue(),
        width=sheet.width,
        height=sheet.height,
    )
