"""Pictures of a verdict: an overlay to keep as a file, and two small ones to embed in the report."""

from __future__ import annotations

import base64
import heapq
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as Pil

from tenshot.reports.folder import MARK
from tenshot.reports.overlay import beside, displayed, overlaid, ratio_map

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tenshot.core.types import Image, Prediction

__all__ = ["Gallery", "Pictures", "embedded_pictures", "overlay_file"]

_FILE_SIDE = 1024
_EMBEDDED_SIDE = 480
# Two pictures of an image, in base64, then stay under 40 kB: 300 images make a report of at most 12 MB, the
# most that are embedded 40 MB.
_EMBEDDED_BYTES = 14_500
_QUALITIES = (80, 65, 45, 25)


@dataclass(frozen=True, slots=True)
class Pictures:
    """Two pictures of one size as data URIs.

    Attributes:
        photo: the image as displayed.
        heat_map: the image under its heat map.
        width: width in pixels of both.
        height: height in pixels of both.
    """

    photo: str
    heat_map: str
    width: int
    height: int


class Gallery:
    """Keeps the pictures of the highest scores, so that a report of any number of images can still be opened."""

    def __init__(self, limit: int) -> None:
        """Starts empty; holds the pictures of at most ``limit`` images."""
        self._limit = limit
        self._heap: list[tuple[float, int, Pictures]] = []

    def wants(self, score: float) -> bool:
        """Whether an image with this score would be shown."""
        return len(self._heap) < self._limit or score > self._heap[0][0]

    def keep(self, index: int, score: float, pictures: Pictures) -> None:
        """Keeps the pictures of an image, and lets go of those of the lowest score where there are too many."""
        heapq.heappush(self._heap, (score, -index, pictures))
        if len(self._heap) > self._limit:
            heapq.heappop(self._heap)

    def pictures(self) -> dict[int, Pictures]:
        """The pictures kept, by index of the image."""
        return {-negative: pictures for _, negative, pictures in self._heap}


def overlay_file(image: Image, prediction: Prediction) -> bytes:
    """The image beside its heat map, as JPEG with our mark in its comment."""
    photo, heat_map = _pair(image, prediction, max_side=_FILE_SIDE)
    buffer = io.BytesIO()
    Pil.fromarray(beside(photo, heat_map)).save(buffer, "JPEG", quality=90, comment=MARK.encode())
    return buffer.getvalue()


def embedded_pictures(image: Image, prediction: Prediction) -> Pictures:
    """The image and its heat map as data URIs of at most 20 kB each."""
    photo, heat_map = _pair(image, prediction, max_side=_EMBEDDED_SIDE)
    height, width = photo.shape[:2]
    return Pictures(photo=_data_uri(photo), heat_map=_data_uri(heat_map), width=width, height=height)


def _pair(image: Image, prediction: Prediction, *, max_side: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    photo = displayed(image, max_side=max_side)
    height, width = photo.shape[:2]
    ratio = ratio_map(prediction.anomaly_map, prediction.map_threshold, size=(height, width))
    return photo, overlaid(photo, ratio)


def _data_uri(picture: NDArray[np.uint8]) -> str:
    for quality in _QUALITIES:
        data = _webp(Pil.fromarray(picture), quality)
        if len(data) <= _EMBEDDED_BYTES:
            break
    else:
        # Even rough compression leaves pure noise too large: half the side is a quarter of the bytes.
        half = Pil.fromarray(picture).reduce(2)
        return _data_uri(np.asarray(half, dtype=np.uint8))
    return f"data:image/webp;base64,{base64.b64encode(data).decode('ascii')}"


def _webp(picture: Pil.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    # Method 2 of 6: three times as fast as the default for 5 % larger pictures.
    picture.save(buffer, "WEBP", quality=quality, method=2)
    return buffer.getvalue()
