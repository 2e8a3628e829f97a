"""Structural flaws of synthetic products: a group of parts that is missing, moved, recoloured, turned or resized."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from tenshot.negatives.draws import chance, index, sign, uniform

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Flaw", "draw_flaw"]

KINDS = 5


class Flaw(NamedTuple):
    """How one layer of a product departs from what it should be; what is not said is as it should.

    Attributes:
        layer: its place among the product's, from below.
        missing: whether it is not there at all.
        across: by how much it is displaced, as a share of the picture's side.
        down: the same along the other axis.
        colour: ``(C, 1, 1)`` that is added to its colour.
        turn: by how much it is turned around the picture's middle, in radians.
        zoom: by how much it is made smaller, from the picture's middle; below 1 = larger.
    """

    layer: int
    missing: bool = False
    across: float = 0.0
    down: float = 0.0
    colour: Tensor | None = None
    turn: float = 0.0
    zoom: float = 1.0


def draw_flaw(layers: int, *, grey: bool, generator: torch.Generator) -> Flaw:
    """A flaw of some layer but the first, every kind equally likely.

    Args:
        layers: how many a product has, at least 2.
        grey: whether the product has no colours.
        generator: decides everything.
    """
    layer = 1 + index(layers - 1, generator)
    kind = index(KINDS, generator)
    if kind == 0:
        return Flaw(layer, missing=True)
    if kind == 1:
        across, down = (uniform((0.03, 0.15), generator) * sign(generator) for _ in range(2))
        return Flaw(layer, across=across, down=down)
    if kind == 2:  # noqa: PLR2004 - kinds are numbered
        return Flaw(layer, colour=torch.rand(1 if grey else 3, 1, 1, generator=generator) - 0.5)
    if kind == 3:  # noqa: PLR2004 - as above
        return Flaw(layer, turn=uniform((0.12, 1.5), generator) * sign(generator))
    return Flaw(layer, zoom=uniform((1.08, 1.3) if chance(0.5, generator) else (0.75, 0.93), generator))
