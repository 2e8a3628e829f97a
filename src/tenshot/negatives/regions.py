"""Where damage is: blobs with ragged, soft edges, and scratches."""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import torch
from torch import Tensor

from tenshot.negatives.draws import chance, index, log_uniform, normal, uniform
from tenshot.negatives.places import Place

__all__ = ["Region", "blob", "field", "scratch"]

MARGIN = 0.06
"""Share of a picture's side that centres of damage keep from its border."""
SLENDER = math.exp(1.1)
"""Longest a blob is relative to its breadth."""
REACH = 2.2
"""How many radii a blob's ragged edge may lie out."""
RAGGED = 0.35
"""Standard deviation of the edge's distance, in radii."""
SOFT, SOFT_EDGE, HARD_EDGE = 0.7, (0.03, 0.6), 0.02
"""Chance of a soft edge, and how wide edges are, in radii."""
FINEST, COARSEST = 64, 3
"""Cells of an edge's raggedness along the picture's longer side."""
TENSION = -0.75
"""Of the cubic splines."""
REFERENCE = 256
"""Side of the pictures that widths in pixels are meant for."""


class Region(NamedTuple):
    """A part of a picture.

    Attributes:
        place: the rectangle around it.
        mask: ``(h, w)`` of that rectangle, in [0, 1]: how much of a pixel is damaged.
    """

    place: Place
    mask: Tensor


def blob(size: tuple[int, int], *, area: tuple[float, float], generator: torch.Generator) -> Region:
    """An ellipse with a ragged edge, soft more often than not.

    Args:
        size: ``(H, W)`` of the picture.
        area: bounds of the ellipse's share of the picture, drawn log-uniformly.
        generator: decides everything.
    """
    share = log_uniform(area, generator) * math.prod(size)
    aspect = log_uniform((1 / SLENDER, SLENDER), generator)
    long, short = math.sqrt(share / math.pi * aspect), math.sqrt(share / math.pi / aspect)
    angle = uniform((0.0, math.pi), generator)
    centre = _centre(size, generator)
    sine, cosine = math.sin(angle), math.cos(angle)
    reach = (REACH * math.hypot(long * sine, short * cosine), REACH * math.hypot(long * cosine, short * sine))
    place = _around([(centre[0] - reach[0], centre[1] - reach[1]), (centre[0] + reach[0], centre[1] + reach[1])], size)
    y, x = _pixels(place)
    down, across = y - centre[0], x - centre[1]
    radius = torch.hypot((across * cosine + down * sine) / long, (down * cosine - across * sine) / short)
    cell = max(4.0, min(long, short)) / uniform((0.7, 2.0), generator)
    cell = min(max(cell, max(size) / FINEST), max(size) / COARSEST)
    inside = 1 - radius + RAGGED * field((place.height, place.width), cell=cell, generator=generator)
    edge = uniform(SOFT_EDGE, generator) if chance(SOFT, generator) else HARD_EDGE
    return Region(place, (inside / edge).clamp(0, 1) * (radius < REACH))


def scratch(size: tuple[int, int], *, generator: torch.Generator) -> Region:
    """A thin line of two to six pieces, each bent from the last.

    Args:
        size: ``(H, W)`` of the picture.
        generator: decides everything.
    """
    points = [_centre(size, generator)]
    angle = uniform((0.0, 2 * math.pi), generator)
    length, pieces = log_uniform((0.04, 0.4), generator) * max(size), 2 + index(5, generator)
    bend = uniform((0.0, 0.6), generator)
    width = log_uniform((0.5, 3.0), generator) * max(size) / REFERENCE
    for _ in range(pieces):
        angle += bend * normal(generator)
        y, x = points[-1]
        points.append((y + length / pieces * math.sin(angle), x + length / pieces * math.cos(angle)))
    soft = 1.2
    reach = width + soft
    corners = [(y + way * reach, x + way * reach) for y, x in points for way in (-1, 1)]
    place = _around(corners, size)
    return Region(place, (1 - (_distance(points, place) - width) / soft).clamp(0, 1))


def field(size: tuple[int, int], *, cell: float, generator: torch.Generator) -> Tensor:
    """A smooth random field with a standard deviation of about 0.85: cubic splines between knots of N(0, 1).

    Args:
        size: ``(h, w)``.
        cell: pixels from knot to knot; where the first one lies is drawn, so that a part of a field is a field.
        generator: decides everything.

    Returns:
        ``(h, w)``.
    """
    down, across = (_spline(side, cell, generator) for side in size)
    return down @ torch.randn(down.shape[1], across.shape[1], generator=generator) @ across.T


def _spline(pixels: int, cell: float, generator: torch.Generator) -> Tensor:
    """Weights ``(pixels, knots)`` of Keys' cubic convolution, four neighbours each."""
    knots = math.ceil(pixels / cell) + 4
    at = 1 + uniform((0.0, 1.0), generator) + torch.arange(pixels) / cell
    far = (at[:, None] - torch.arange(knots)).abs()
    near = ((TENSION + 2) * far - (TENSION + 3)) * far**2 + 1
    further = TENSION * (((far - 5) * far + 8) * far - 4)
    return torch.where(far < 1, near, torch.where(far < 2, further, 0.0))  # noqa: PLR2004 - its two pieces


def _centre(size: tuple[int, int], generator: torch.Generator) -> tuple[float, float]:
    y, x = (uniform((MARGIN, 1 - MARGIN), generator) * side for side in size)
    return y, x


def _around(points: list[tuple[float, float]], size: tuple[int, int]) -> Place:
    """The rectangle of whole pixels around points, as far as it is inside a picture."""
    first = [max(math.floor(min(values)), 0) for values in zip(*points, strict=True)]
    end = [min(math.ceil(max(values)) + 1, side) for values, side in zip(zip(*points, strict=True), size, strict=True)]
    return Place(first[0], first[1], end[0] - first[0], end[1] - first[1])


def _pixels(place: Place) -> tuple[Tensor, Tensor]:
    """Rows ``(h, 1)`` and columns ``(1, w)`` of a rectangle's pixels."""
    rows = torch.arange(place.top, place.top + place.height, dtype=torch.float32)
    columns = torch.arange(place.left, place.left + place.width, dtype=torch.float32)
    return rows[:, None], columns[None, :]


def _distance(points: list[tuple[float, float]], place: Place) -> Tensor:
    """``(h, w)``: how far pixels are from a line through points."""
    y, x = _pixels(place)
    distances = []
    for (start_y, start_x), (end_y, end_x) in itertools.pairwise(points):
        down, across = end_y - start_y, end_x - start_x
        along = ((y - start_y) * down + (x - start_x) * across) / (down**2 + across**2 + 1e-6)
        nearest = along.clamp(0, 1)
        distances.append(torch.hypot(y - start_y - nearest * down, x - start_x - nearest * across))
    return torch.stack(distances).amin(dim=0)
