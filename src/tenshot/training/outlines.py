"""Outlines of a synthetic product's parts, and the covers that drawing them gives."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch

from tenshot.negatives.draws import chance, index, uniform

if TYPE_CHECKING:
    from PIL import ImageDraw
    from torch import Tensor

__all__ = ["Outline", "draw_group", "draw_part", "outline"]

Outline: TypeAlias = list[tuple[float, float]]
"""Corners ``(x, y)`` of a shape around the origin."""

ROUND = 72
"""Corners of what is round; a multiple of 4."""
FINE = 2
"""Pixels of the drawing per pixel of the cover, along each axis."""
LINES, LINE_WIDTH = 0.3, (0.003, 0.019)
"""Share of lines among the small parts, and their width as a share of the picture's side."""
MOST = 8
"""Small parts in a group."""


def outline(generator: torch.Generator) -> Outline:
    """An ellipse, a rounded rectangle, a polygon, a cog or a circle of about radius 1."""
    kind = index(5, generator)
    if kind == 0:
        return _stretched(_circle(), uniform((0.6, 1.0), generator))
    if kind == 1:
        return _rounded(uniform((0.4, 1.0), generator), uniform((0.0, 0.5), generator))
    if kind == 2:  # noqa: PLR2004 - kinds are numbered
        return _spokes([1.0] * (3 + index(6, generator)), uniform((0.0, 2 * math.pi), generator))
    if kind == 3:  # noqa: PLR2004 - as above
        teeth, angle = 8 + index(8, generator), uniform((0.0, 2 * math.pi), generator)
        return _spokes([1.0, uniform((0.6, 0.95), generator)] * teeth, angle)
    return _circle()


def draw_part(size: int, *, centre: tuple[float, float], radius: float, generator: torch.Generator) -> Tensor:
    """The cover of one part.

    Args:
        size: side of the square cover.
        centre: ``(x, y)`` as shares of the side.
        radius: as a share of the side.
        generator: decides its outline.

    Returns:
        ``(size, size)`` in [0, 1]: how much of a pixel it covers.
    """
    canvas = _Canvas(size)
    canvas.polygon(outline(generator), centre, radius)
    return canvas.cover()


def draw_group(size: int, *, centre: tuple[float, float], radius: float, generator: torch.Generator) -> Tensor:
    """The cover of one to eight small parts on a larger one: in a circle, a row, a grid or scattered.

    Args:
        size: side of the square cover.
        centre: ``(x, y)`` of the larger part as shares of the side.
        radius: of the larger part.
        generator: decides everything.

    Returns:
        As for ``draw_part``.
    """
    canvas = _Canvas(size)
    count = 1 + index(MOST, generator)
    small = radius * uniform((0.04, 0.4), generator) / count**0.4
    places, regular = _arranged(count, generator)
    shape = outline(generator)
    for x, y in places:
        place = (centre[0] + radius * x, centre[1] + radius * y)
        if chance(LINES, generator):
            dx, dy = (radius * uniform((-0.4, 0.4), generator) for _ in range(2))
            canvas.line(place, (place[0] + dx, place[1] + dy), uniform(LINE_WIDTH, generator))
        else:
            canvas.polygon(shape if regular else outline(generator), place, small)
    return canvas.cover()


class _Canvas:
    """A drawing in white on black, finer than the cover that it becomes."""

    def __init__(self, size: int) -> None:
        from PIL import Image, ImageDraw

        self.size = size
        self.image = Image.new("L", (FINE * size, FINE * size))
        self.pen: ImageDraw.ImageDraw = ImageDraw.Draw(self.image)

    def polygon(self, shape: Outline, centre: tuple[float, float], radius: float) -> None:
        self.pen.polygon([self._pixel((centre[0] + radius * x, centre[1] + radius * y)) for x, y in shape], fill=255)

    def line(self, start: tuple[float, float], end: tuple[float, float], width: float) -> None:
        thickness = max(1, int(width * FINE * self.size))
        self.pen.line([self._pixel(start), self._pixel(end)], fill=255, width=thickness)

    def cover(self) -> Tensor:
        levels = torch.from_numpy(np.array(self.image.reduce(FINE)))
        return levels.to(torch.float32) / 255

    def _pixel(self, point: tuple[float, float]) -> tuple[float, float]:
        return point[0] * FINE * self.size, point[1] * FINE * self.size


def _arranged(count: int, generator: torch.Generator) -> tuple[Outline, bool]:
    """Places of parts around the origin, and whether they follow a rule."""
    pattern = index(4, generator)
    if pattern == 0:
        return _spokes([0.6] * count, 0.0), True
    if pattern == 1:
        return [((i - (count - 1) / 2) * 1.2 / count, uniform((-0.02, 0.02), generator)) for i in range(count)], True
    if pattern == 2:  # noqa: PLR2004 - patterns are numbered
        return [((i % 3 - 1) * 0.45, (i // 3 - 1) * 0.45) for i in range(count)], True
    return [(uniform((-0.7, 0.7), generator), uniform((-0.7, 0.7), generator)) for _ in range(count)], False


def _circle() -> Outline:
    return _spokes([1.0] * ROUND, 0.0)


def _spokes(lengths: list[float], angle: float) -> Outline:
    """Corners at equal angles, so far from the origin."""
    step = 2 * math.pi / len(lengths)
    return [(r * math.cos(angle + step * i), r * math.sin(angle + step * i)) for i, r in enumerate(lengths)]


def _stretched(shape: Outline, height: float) -> Outline:
    return [(x, height * y) for x, y in shape]


def _rounded(height: float, rounding: float) -> Outline:
    """A rectangle of half width 1 whose corners are rounded by a share of its half height."""
    radius = height * rounding
    quarter = ROUND // 4
    corners = []
    for number, (right, low) in enumerate([(1, 1), (-1, 1), (-1, -1), (1, -1)]):
        for step in range(quarter + 1):
            angle = (number + step / quarter) * math.pi / 2
            x, y = right * (1 - radius), low * (height - radius)
            corners.append((x + radius * math.cos(angle), y + radius * math.sin(angle)))
    return corners
