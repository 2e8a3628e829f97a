"""What synthetic products are made of: texture pictures, or noise, stripes and grain where there are none."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import torch
from torch.nn import functional as F

from tenshot.data.frames import to_tensor
from tenshot.data.images import read_image
from tenshot.negatives.draws import index, log_uniform, uniform
from tenshot.negatives.regions import field

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import Tensor

__all__ = ["TextureFiles", "Textures", "invented", "surface"]

INVENTED = 256
"""Side of invented textures, whatever they are for: the same draws give the same product at every size."""


class Textures(Protocol):
    """Pictures ``(3, h, w)`` in [0, 1], any size; a list of them will do."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def __getitem__(self, place: int, /) -> Tensor:
        """One of them."""
        ...


class TextureFiles:
    """Files of texture pictures, each read when it is asked for.

    Args:
        files: in a fixed order.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self.files = files

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, place: int, /) -> Tensor:
        """Reads a picture.

        Raises:
            MissingError: it is not there any more.
            ImageError: it cannot be read.
        """
        return to_tensor(read_image(self.files[place]))


def surface(textures: Textures, side: int, *, generator: torch.Generator) -> Tensor:
    """A part of some texture.

    Args:
        textures: to choose from; none for an invented one.
        side: of the square.
        generator: decides everything.

    Returns:
        ``(3, side, side)`` in [0, 1].
    """
    picture = textures[index(len(textures), generator)] if len(textures) else invented(INVENTED, generator=generator)
    share = uniform((0.3, 1.0), generator)
    height, width = (max(1, int(length * share)) for length in picture.shape[1:])
    top, left = (
        index(most - length + 1, generator) for most, length in zip(picture.shape[1:], (height, width), strict=True)
    )
    part = picture[:, top : top + height, left : left + width]
    return F.interpolate(part[None], size=(side, side), mode="bilinear", align_corners=False)[0]


def invented(side: int, *, generator: torch.Generator) -> Tensor:
    """A texture out of nothing: clouds, stripes or grain of two colours.

    Args:
        side: of the square.
        generator: decides everything.

    Returns:
        ``(3, side, side)`` in [0, 1].
    """
    kind = (_clouds, _stripes, _grain)[index(3, generator)]
    first, second = torch.rand(2, 3, 1, 1, generator=generator)
    return first + (second - first) * kind(side, generator).clamp(0, 1)


def _clouds(side: int, generator: torch.Generator) -> Tensor:
    """Smooth fields, each twice as fine and not quite as strong as the last."""
    cells = log_uniform((2.0, 16.0), generator)
    loss = uniform((0.4, 0.9), generator)
    parts = [
        loss**octave * field((side, side), cell=side / min(cells * 2**octave, side / 2), generator=generator)
        for octave in range(4)
    ]
    return 0.5 + 0.3 * torch.stack(parts).sum(dim=0)


def _stripes(side: int, generator: torch.Generator) -> Tensor:
    """Soft or hard stripes, a little bent."""
    angle, count = uniform((0.0, math.pi), generator), log_uniform((3.0, 40.0), generator)
    across = torch.linspace(0, 1, side)
    way = math.cos(angle) * across + math.sin(angle) * across[:, None]
    bent = uniform((0.0, 0.03), generator) * field((side, side), cell=side / 4, generator=generator)
    wave = torch.sin(2 * math.pi * count * (way + bent))
    return 0.5 + wave * log_uniform((0.3, 3.0), generator)


def _grain(side: int, generator: torch.Generator) -> Tensor:
    """Specks of one size."""
    cell = side / log_uniform((20.0, side / 2), generator) if side > 40 else 2.0  # noqa: PLR2004 - twice the coarsest
    return 0.5 + uniform((0.2, 0.8), generator) * field((side, side), cell=cell, generator=generator)
