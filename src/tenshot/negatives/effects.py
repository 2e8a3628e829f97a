"""What damage looks like: each effect gives a region's pixels, ``(3, h, w)``, as they are once it has been damaged.

They may leave [0, 1].
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from tenshot.negatives.draws import chance, index, sign, uniform
from tenshot.negatives.places import Place, blurred
from tenshot.negatives.regions import REFERENCE, Region, field

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["EFFECTS", "Site"]

COARSE = 4
"""By how much what surrounds a hole is coarsened before it is smeared over it."""
UNTOUCHED = 0.05
"""Below this share of damage a pixel counts as surroundings."""


class Site(NamedTuple):
    """What is damaged, and by whose decision.

    Attributes:
        picture: ``(3, H, W)`` in [0, 1].
        region: of the picture.
        foreign: a picture of something else of the same shape, or ``None``.
        generator: decides everything.
    """

    picture: Tensor
    region: Region
    foreign: Tensor | None
    generator: torch.Generator

    @property
    def before(self) -> Tensor:
        """The region's rectangle as it is, ``(3, h, w)``."""
        return self.region.place.of(self.picture)

    @property
    def mask(self) -> Tensor:
        """``(h, w)``, how much of a pixel is damaged."""
        return self.region.mask

    @property
    def longer(self) -> int:
        """The picture's longer side."""
        return max(self.picture.shape[-2:])

    def field(self, cells: tuple[float, float]) -> Tensor:
        """A smooth random field ``(h, w)`` that has so many cells along the picture's longer side."""
        size = (self.region.place.height, self.region.place.width)
        return field(size, cell=self.longer / uniform(cells, self.generator), generator=self.generator)

    def with_share(self, after: Tensor, share: Tensor | float = 1.0) -> Tensor:
        """The rectangle with so much of the damaged pixels replaced."""
        return _towards(self.before, after, self.mask * share)


def _stain(site: Site) -> Tensor:
    """Something darker or lighter, or the veil of a colour; now and then grainy."""
    if chance(0.5, site.generator):
        after = site.before * math.exp(uniform((0.15, 0.9), site.generator) * sign(site.generator))
    else:
        after = _towards(site.before, _colour(site.generator), uniform((0.2, 1.0), site.generator))
    if chance(0.3, site.generator):
        after = after + 0.1 * site.field((20.0, 60.0))
    return site.with_share(after)


def _texture(site: Site) -> Tensor:
    """A foreign surface, or the picture's own turned; half of the time enlarged."""
    foreign = site.foreign if chance(0.6, site.generator) else None
    source = _turned(site.picture, site.generator) if foreign is None else foreign
    place = site.region.place
    piece = _enlarged(source, place, site.generator) if chance(0.5, site.generator) else place.of(source)
    return site.with_share(piece, uniform((0.4, 1.0), site.generator))


def _warp(site: Site) -> Tensor:
    """The surface pulled about."""
    height, width = site.picture.shape[-2:]
    place = site.region.place
    far = uniform((0.015, 0.06), site.generator) * site.longer
    down, across = (far * site.mask * site.field((3.0, 10.0)) for _ in range(2))
    rows = torch.arange(place.top, place.top + place.height)[:, None] + down
    columns = torch.arange(place.left, place.left + place.width) + across
    grid = torch.stack([(2 * columns + 1) / width - 1, (2 * rows + 1) / height - 1], dim=-1)
    return F.grid_sample(site.picture[None], grid[None], padding_mode="reflection", align_corners=False)[0]


def _missing(site: Site) -> Tensor:
    """Surroundings smeared over it, as if something were not there; or the colour of some other place."""
    if chance(0.3, site.generator):
        pixels = site.picture.flatten(1)
        return site.with_share(pixels[:, index(pixels.shape[1], site.generator)][:, None, None])
    return site.with_share(_smeared(site.picture, site.region))


def _displaced(site: Site) -> Tensor:
    """What belongs elsewhere."""
    far = uniform((0.03, 0.35), site.generator) * site.longer
    angle = uniform((0.0, 2 * math.pi), site.generator)
    moved = site.picture.roll((round(far * math.sin(angle)), round(far * math.cos(angle))), dims=(1, 2))
    return site.with_share(site.region.place.of(moved))


def _tint(site: Site) -> Tensor:
    """Colours mixed into one another, so that structure stays."""
    mix = torch.eye(3) + 0.5 * torch.randn(3, 3, generator=site.generator)
    after = (mix @ (site.before.flatten(1) - 0.5)).view_as(site.before) + 0.5
    return site.with_share(after, uniform((0.3, 1.0), site.generator))


def _blur(site: Site) -> Tensor:
    """Blurred, or sharpened by as much."""
    sigma = uniform((1.0, 4.0), site.generator) * site.longer / REFERENCE
    after = blurred(site.picture, site.region.place, sigma)
    return site.with_share(2 * site.before - after if chance(0.3, site.generator) else after)


def _noise(site: Site) -> Tensor:
    """Grain, grey or of every colour."""
    channels = 3 if chance(0.5, site.generator) else 1
    grain = torch.randn(channels, *site.mask.shape, generator=site.generator)
    return site.before + site.mask * grain * uniform((0.08, 0.4), site.generator)


def _scratch(site: Site) -> Tensor:
    """The veil of a colour, of white or of black."""
    strength = uniform((0.15, 0.8), site.generator)
    colour = _colour(site.generator) if chance(0.4, site.generator) else torch.tensor(float(index(2, site.generator)))
    return site.with_share(colour, strength)


EFFECTS: dict[str, Callable[[Site], Tensor]] = {
    "stain": _stain,
    "texture": _texture,
    "warp": _warp,
    "missing": _missing,
    "displaced": _displaced,
    "tint": _tint,
    "blur": _blur,
    "noise": _noise,
    "scratch": _scratch,
}
"""All effects by their names."""


def _towards(before: Tensor, after: Tensor, share: Tensor | float) -> Tensor:
    return before + share * (after - before)


def _colour(generator: torch.Generator) -> Tensor:
    """``(3, 1, 1)``, grey half of the time."""
    return torch.rand(1 if chance(0.5, generator) else 3, 1, 1, generator=generator).expand(3, 1, 1)


def _turned(picture: Tensor, generator: torch.Generator) -> Tensor:
    """The picture turned by quarters if it is square, mirrored otherwise."""
    if picture.shape[1] == picture.shape[2]:
        return torch.rot90(picture, 1 + index(3, generator), dims=(1, 2))
    return picture.flip(1 + index(2, generator))


def _enlarged(source: Tensor, place: Place, generator: torch.Generator) -> Tensor:
    """A smaller rectangle of a picture, stretched to the size of a place."""
    scale = uniform((0.3, 0.9), generator)
    height, width = (max(1, round(side * scale)) for side in (place.height, place.width))
    top, left = (
        index(most - side + 1, generator) for most, side in zip(source.shape[1:], (height, width), strict=True)
    )
    piece = Place(top, left, height, width).of(source)
    size = (place.height, place.width)
    return F.interpolate(piece[None], size=size, mode="bilinear", align_corners=False)[0]


def _smeared(picture: Tensor, region: Region) -> Tensor:
    height, width = picture.shape[-2:]
    around = torch.ones(1, height, width)
    region.place.of(around)[0] = (region.mask < UNTOUCHED).float()
    small = (max(1, height // COARSE), max(1, width // COARSE))
    coarse = F.adaptive_avg_pool2d(torch.cat([picture * around, around]), small)
    smooth = blurred(coarse, Place(0, 0, *small), 0.05 * max(height, width) / COARSE)
    fill = smooth[:3] / (smooth[3:] + 1e-3)
    whole = F.interpolate(fill[None], size=(height, width), mode="bilinear", align_corners=False)[0]
    return region.place.of(whole)
