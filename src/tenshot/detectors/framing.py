"""From photos of any size to network inputs, and maps back onto the photo.

A photo is scored as one frame or, with tiles, as several overlapping ones. Frames of a task all have one size, whose
shape follows the shots: a strip of fabric is not squeezed into a square.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F

from tenshot.data.frames import resized, to_tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from tenshot.core.types import Image

__all__ = ["Framing", "Photo", "choose_framing", "median_framing", "take_photo"]

MAX_ASPECT = 4.0
HALF = 0.5


@dataclass(frozen=True, slots=True)
class Framing:
    """How photos become frames.

    Attributes:
        size: ``(h, w)`` of every frame, in pixels.
        tile: side of the square tiles in pixels of the photo; ``None`` for the whole photo as one frame.
    """

    size: tuple[int, int]
    tile: int | None = None

    def cut(self, pixels: Tensor) -> Tensor:
        """``(C, H, W)`` to ``(T, C, h, w)``: row by row, resized with antialiasing, values kept in [0, 1]."""
        boxes = self._boxes((pixels.shape[-2], pixels.shape[-1]))
        frames = [resized(pixels[:, top : top + h, left : left + w], self.size) for top, left, h, w in boxes]
        return torch.stack(frames)

    def stitch(self, maps: Sequence[Tensor], size: tuple[int, int]) -> Tensor:
        """Joins the ``(h, w)`` maps of the frames of a photo into one map over it; overlaps take the larger value.

        Args:
            maps: as many as ``cut`` gave frames.
            size: ``(H, W)`` of the photo.
        """
        if len(maps) == 1:
            return maps[0]
        scale = self.size[0] / self._side(size)
        height, width = (round(side * scale) for side in size)
        whole = maps[0].new_zeros(height, width)
        for (top, left, _, _), part in zip(self._boxes(size), maps, strict=True):
            y = min(round(top * scale), height - part.shape[0])
            x = min(round(left * scale), width - part.shape[1])
            window = whole[y : y + part.shape[0], x : x + part.shape[1]]
            torch.maximum(window, part, out=window)
        return whole

    def _side(self, size: tuple[int, int]) -> int:
        return min(*size) if self.tile is None else min(self.tile, *size)

    def _boxes(self, size: tuple[int, int]) -> list[tuple[int, int, int, int]]:
        height, width = size
        if self.tile is None:
            return [(0, 0, height, width)]
        side = self._side(size)
        return [(top, left, side, side) for top in _starts(height, side) for left in _starts(width, side)]


@dataclass(frozen=True, eq=False, slots=True)
class Photo:
    """A photo reduced to what the network will see of it; the original pixels can be let go.

    Attributes:
        name: of the image.
        digest: SHA-256 of the image.
        is_grey: whether it had one channel.
        framing: how it was cut.
        frames: ``(T, 3, h, w)`` in [0, 1]; float32, of normal images float16.
        inside: ``(T, h, w)`` bool, the region of interest in the frames; ``None`` for everywhere.
        size: ``(H, W)`` of the original.
    """

    name: str
    digest: str
    is_grey: bool
    framing: Framing
    frames: Tensor
    inside: Tensor | None
    size: tuple[int, int]


def take_photo(image: Image, *, framing: Framing, roi: Tensor | None) -> Photo:
    """Cuts an image into frames.

    Args:
        image: of any size.
        framing: how.
        roi: ``(1, h, w)`` float32 region of interest of any size, stretched over the photo.
    """
    pixels = to_tensor(image)
    size = (pixels.shape[-2], pixels.shape[-1])
    inside = None
    if roi is not None:
        stretched = F.interpolate(roi[None], size=size, mode="nearest-exact")[0]
        inside = framing.cut(stretched)[:, 0] > HALF
    return Photo(image.name, image.digest, image.is_grey, framing, framing.cut(pixels), inside, size)


def choose_framing(size: tuple[int, int], *, image_size: int, multiple: int, tile: int | None) -> Framing:
    """The framing for photos of one size: frames of about ``image_size``² pixels in their shape.

    Args:
        size: ``(H, W)`` of the photo; shapes beyond 4:1 are squeezed.
        image_size: side of the square of the same area, in pixels.
        multiple: frames have sides that are multiples of it.
        tile: side of square tiles in pixels of the photo; frames are then square.
    """
    aspect = 1.0 if tile else min(max(size[0] / size[1], 1 / MAX_ASPECT), MAX_ASPECT)
    height = max(multiple, round(image_size * math.sqrt(aspect) / multiple) * multiple)
    width = max(multiple, round(image_size / math.sqrt(aspect) / multiple) * multiple)
    return Framing(size=(height, width), tile=tile)


def median_framing(photos: Sequence[Photo]) -> Framing:
    """The framing of the photo with the median shape (the flatter of two middle ones)."""
    return sorted(photos, key=lambda photo: photo.size[0] / photo.size[1])[(len(photos) - 1) // 2].framing


def _starts(length: int, side: int) -> list[int]:
    """Evenly spread starts of windows that cover a length and overlap by at least a quarter."""
    if length <= side:
        return [0]
    count = math.ceil((length - side) / (0.75 * side)) + 1
    return [round(i * (length - side) / (count - 1)) for i in range(count)]
