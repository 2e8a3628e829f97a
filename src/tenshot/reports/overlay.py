"""Anomaly maps as colours over a photo: pure functions on numpy arrays.

The colour scale is fixed for a task, not stretched for each image. On ``ratio = anomaly_map / map_threshold``

- up to 0.6 nothing is drawn, so that a good part looks calm,
- at 1 a violet veil begins to show and a line marks the place,
- from 1 to 1.75 it turns through magenta and orange to yellow, ever lighter and denser,
- above 1.75 nothing changes any more: residuals are bounded, and few defects go beyond.

Lightness rises all along the scale, so that it can be read without seeing colours.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image as Pil

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tenshot.core.types import Image

__all__ = ["CALM", "SATURATED", "beside", "contour", "displayed", "heat", "overlaid", "ratio_map"]

CALM = 0.6
"""Ratio up to which a heat map is fully transparent."""
SATURATED = 1.75
"""Ratio from which the colour no longer changes."""

_LEVELS = 1024
_STOPS = (0.0, CALM, 1.0, 1.15, 1.35, 1.55, SATURATED)
_RED = (110, 110, 150, 216, 242, 250, 255)
_GREEN = (20, 20, 28, 40, 100, 165, 232)
_BLUE = (170, 170, 176, 130, 66, 50, 80)
_ALPHA = (0, 0, 90, 150, 180, 196, 208)

# A stretch beyond one 8-bit step per display step would show nothing but the noise of the camera.
_LEAST_SPREAD = 1 / 256
_LOW_CONTRAST = 0.5
_PERCENTILES = (0.5, 99.5)
_SMALLEST_SIDE = 240
_GAP = 8


def heat(ratio: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Colours of a heat map on the fixed scale of the task.

    Args:
        ratio: any shape; anomaly map divided by the task's map threshold, at least 0, 1 = the threshold.

    Returns:
        The shape of ``ratio`` and a last axis of 4: red, green, blue, and opacity from 0 (calm) to 208 of 255.
    """
    level = np.minimum(ratio, SATURATED) * ((_LEVELS - 1) / SATURATED)
    return np.asarray(_TABLE[(level + 0.5).astype(np.intp)])


def contour(ratio: NDArray[np.float32], *, width: int = 1) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The line around everything that reaches 1, and the halo that sets it off.

    Args:
        ratio: ``(H, W)``; anomaly map divided by the task's map threshold.
        width: thickness in pixels of the line, and of the halo around it.

    Returns:
        Line and halo, each ``(H, W)``; the line lies inside the marked place, the halo outside.
    """
    inside = ratio >= 1
    core, around = inside, inside
    for _ in range(width):
        core, around = ~_grown(~core), _grown(around)
    return inside & ~core, around & ~inside


def ratio_map(anomaly_map: NDArray[np.float32], map_threshold: float, *, size: tuple[int, int]) -> NDArray[np.float32]:
    """Brings an anomaly map to the task's scale and to the size of a picture.

    Where the picture is smaller than the map, the largest value of each block is kept: a small hot place must not
    fade because it is shown small.

    Args:
        anomaly_map: ``(h, w)``, at least 0.
        map_threshold: the value that becomes 1.
        size: (height, width) wanted.
    """
    rows, columns = (math.ceil(have / want) for have, want in zip(anomaly_map.shape, size, strict=True))
    # A task may have a map threshold of zero; and interpolation makes NaN of infinities.
    ratio = _block_max(anomaly_map, rows, columns) / max(map_threshold, 1e-30)
    capped = np.minimum(ratio, 1e6).astype(np.float32)
    resized = Pil.fromarray(capped).resize((size[1], size[0]), Pil.Resampling.BILINEAR)
    return np.asarray(resized, dtype=np.float32)


def displayed(image: Image, *, max_side: int) -> NDArray[np.uint8]:
    """An image as a person wants to see it.

    8-bit images stay as they are. 16-bit and float images are shown linearly, or, where they use less than half of
    their range, stretched between two percentiles, for display only.

    Args:
        image: any image.
        max_side: the longer side is at most this many pixels; pictures too small to see are enlarged.

    Returns:
        ``(H, W, 3)`` RGB.
    """
    height, width = image.pixels.shape[:2]
    longer = max(height, width)
    side = min(max(longer, _SMALLEST_SIDE), max_side)
    size = (max(1, round(height * side / longer)), max(1, round(width * side / longer)))
    if image.pixels.dtype == np.uint8:
        return _rgb(_resized(image.pixels, size))
    full_scale = 65535 if image.pixels.dtype == np.uint16 else 1
    return _rgb(_stretched(_resized(image.pixels.astype(np.float32) / full_scale, size)))


def overlaid(photo: NDArray[np.uint8], ratio: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A photo under its heat map, with a line around everything that reaches the map threshold.

    Args:
        photo: ``(H, W, 3)`` RGB.
        ratio: ``(H, W)``; see `ratio_map`.
    """
    canvas = Pil.fromarray(photo)
    colours = Pil.fromarray(heat(ratio))
    canvas.paste(colours, mask=colours)
    picture = np.array(canvas)
    line, halo = contour(ratio, width=max(1, round(max(photo.shape) / 600)))
    picture[line] = (255, 255, 255)
    picture[halo] = (24, 16, 32)
    return picture


def beside(photo: NDArray[np.uint8], heat_map: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Two pictures of one size on one white sheet: beside each other, or one above the other where they are wide."""
    height, width = photo.shape[:2]
    axis = 0 if width > 1.5 * height else 1
    gap = np.full((_GAP, width, 3) if axis == 0 else (height, _GAP, 3), 255, dtype=np.uint8)
    return np.concatenate([photo, gap, heat_map], axis=axis)


def _table() -> NDArray[np.uint8]:
    ratio = np.linspace(0, SATURATED, _LEVELS)
    channels = [np.interp(ratio, _STOPS, values) for values in (_RED, _GREEN, _BLUE, _ALPHA)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


_TABLE = _table()


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    grown = mask.copy()
    grown[1:] |= mask[:-1]
    grown[:-1] |= mask[1:]
    grown[:, 1:] |= mask[:, :-1]
    grown[:, :-1] |= mask[:, 1:]
    return grown


def _block_max(values: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    if rows == columns == 1:
        return values
    height, width = values.shape
    padded = np.pad(values, ((0, -height % rows), (0, -width % columns)), mode="edge")
    return padded.reshape(padded.shape[0] // rows, rows, -1, columns).max(axis=(1, 3))


def _resized(pixels: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    # Channel by channel, as Pillow has no float colour mode.
    if pixels.shape[2] > 1 and pixels.dtype != np.uint8:
        channels = np.split(pixels, pixels.shape[2], axis=2)
        return np.concatenate([_resized(channel, size) for channel in channels], axis=2)
    picture = Pil.fromarray(pixels if pixels.shape[2] > 1 else pixels[..., 0])
    shrunk = picture.resize((size[1], size[0]), Pil.Resampling.BICUBIC, reducing_gap=2.0)
    return np.asarray(shrunk).reshape(*size, -1)


def _stretched(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    low, high = np.percentile(values, _PERCENTILES)
    if high - low >= _LOW_CONTRAST:
        low, high = 0.0, 1.0
    scaled = (values - low) / max(high - low, _LEAST_SPREAD)
    return np.asarray((scaled.clip(0, 1) * 255).round().astype(np.uint8))


def _rgb(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)), dtype=np.uint8)
