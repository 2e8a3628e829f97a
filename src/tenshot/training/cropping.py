"""A texture as a task: its frames are crops of one picture, support and query from different halves."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Crops"]

HALF = 0.5


@dataclass(frozen=True, slots=True)
class Crops:
    """Where the crops of an episode lie, whatever the picture's size.

    All crops of an episode have one side, as the photos of one camera have one scale.

    Attributes:
        side: of a crop, as a share of the picture's shorter side, in (0, 1].
        support: K pairs in [0, 1]: how far along and across the support's half a crop lies.
        query: M such pairs for the query's half.
        swapped: whether the support takes the second half.
        upright: whether a square picture is cut into an upper and a lower half; others are cut across their longer
            side.
    """

    side: float
    support: tuple[tuple[float, float], ...]
    query: tuple[tuple[float, float], ...]
    swapped: bool
    upright: bool

    def boxes(self, size: tuple[int, int]) -> list[tuple[int, int, int]]:
        """Top, left and side in pixels of every crop, the support's first.

        Crops longer than half of the picture leave their half as little as they can.

        Args:
            size: ``(H, W)`` of the picture.
        """
        height, width = size
        side = max(1, round(self.side * min(size)))
        upright = height > width or (height == width and self.upright)
        length, breadth = (height, width) if upright else (width, height)
        reach = max(int(length * HALF), side) - side
        starts = (length - side - reach, 0) if self.swapped else (0, length - side - reach)
        boxes = []
        for start, places in zip(starts, (self.support, self.query), strict=True):
            for along, across in places:
                first, second = start + round(along * reach), round(across * (breadth - side))
                boxes.append((first, second, side) if upright else (second, first, side))
        return boxes
