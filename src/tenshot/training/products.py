"""Synthetic products: a canonical drawing in layers, and photos of it that differ as those of a production line do.

A product is a pure function of a generator and of pictures of textures, a photo is one of a product and a generator.
The same generator draws the same photo with a flaw: nothing else differs, so that what is normal variation and what is
not can be learned from the pair.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch.nn import functional as F

from tenshot.negatives.draws import chance, index, normal, uniform
from tenshot.negatives.regions import field
from tenshot.training.flaws import Flaw, draw_flaw
from tenshot.training.outlines import draw_group, draw_part
from tenshot.training.surfaces import surface

if TYPE_CHECKING:
    from torch import Tensor

    from tenshot.training.surfaces import Textures

__all__ = ["Layer", "Product", "Variation", "draw_product"]

GREY = 0.35
TONES = (0.05, 0.95)
GROUPS = 3
SHADE = 0.35
ANY_ANGLE = 0.12
"""Share of products that lie about at any angle."""
UTMOST = 2.5
"""No photo is further from the average than so many standard deviations."""
REACH = 3
"""How many standard deviations a blur looks around."""


class Layer(NamedTuple):
    """Parts of a product that belong together.

    Attributes:
        colour: ``(C, 1, 1)``, or ``(C, S, S)`` of what has a texture, in [0, 1].
        cover: ``(S, S)`` in [0, 1]: how much of a pixel they cover.
        loose: standard deviation of their displacement on the product, as a share of the side.
        fading: standard deviation of their brightness, relative.
    """

    colour: Tensor
    cover: Tensor
    loose: float
    fading: float


class Variation(NamedTuple):
    """How photos of a product differ: standard deviations, but for what is the same in all.

    Attributes:
        turn: of its angle, in radians.
        any_angle: whether the angle is uniform within twice that instead.
        shift: of its place, as a share of the side.
        scale: of its size, relative.
        brightness: of the photo, relative.
        slope: of the light's fall from one border to the other, relative.
        grain: of the noise of every pixel.
        blur: of the lens, in pixels.
    """

    turn: float
    any_angle: bool
    shift: float
    scale: float
    brightness: float
    slope: float
    grain: float
    blur: float


@dataclass(frozen=True, slots=True)
class Product:
    """A canonical drawing.

    Attributes:
        ground: ``(C, S, S)`` in [0, 1], C = 1 for a product in grey.
        belt: a texture ``(C, S, S)`` that moves under the product, ``None`` for a ground that stays.
        layers: from below, the body first and at least one group of parts on it.
        variation: of its photos.
    """

    ground: Tensor
    belt: Tensor | None
    layers: tuple[Layer, ...]
    variation: Variation

    def flaw(self, generator: torch.Generator) -> Flaw:
        """A flaw of one of its groups of parts; the body has none."""
        return draw_flaw(len(self.layers), grey=len(self.ground) == 1, generator=generator)

    def instance(self, generator: torch.Generator, *, flaw: Flaw | None = None) -> Tensor:
        """A photo of it.

        Args:
            generator: decides pose, light and noise, the same ones with and without a flaw.
            flaw: that it has; ``None`` for a good one.

        Returns:
            ``(3, S, S)`` in [0, 1].
        """
        common = _pose(self.variation, generator)
        poses = [_own_pose(common, layer, generator) for layer in self.layers]
        picture = self._under(generator)
        for number, (layer, pose) in enumerate(zip(self.layers, poses, strict=True)):
            if flaw is None or flaw.layer != number:
                picture = _covered(picture, layer, pose)
            elif not flaw.missing:
                picture = _covered(picture, *_flawed(layer, pose, flaw))
        return _photo(picture, self.variation, generator)

    def _under(self, generator: torch.Generator) -> Tensor:
        """What the product lies on."""
        if self.belt is None:
            return self.ground
        side = self.ground.shape[-1]
        far = [int(side * uniform((0.0, 1.0), generator)) for _ in range(2)]
        return 0.7 * self.ground + 0.3 * self.belt.roll(far, dims=(1, 2))


class _Pose(NamedTuple):
    """How the canonical drawing is looked at.

    Attributes:
        angle: in radians.
        zoom: above 1 = parts look smaller.
        across: displacement as a share of the side.
        down: the same along the other axis.
        gain: of the brightness.
    """

    angle: float
    zoom: float
    across: float
    down: float
    gain: float = 1.0


def draw_product(textures: Textures, *, side: int, generator: torch.Generator) -> Product:
    """Invents a product.

    Args:
        textures: pictures ``(3, h, w)`` that surfaces come from; none for invented textures.
        side: S, of its photos in pixels; the same product has about the same looks at another one.
        generator: decides everything.
    """
    grey = chance(GREY, generator)

    def surfaced() -> Tensor:
        texture = surface(textures, side, generator=generator)
        return texture.mean(dim=0, keepdim=True) if grey else texture

    ground = _colour(grey, generator).expand(-1, side, side)
    if chance(0.3, generator):
        ground = 0.6 * ground + 0.4 * surfaced() * uniform((0.3, 1.0), generator)
    belt = surfaced() if chance(0.25, generator) else None
    radius = uniform((0.28, 0.46), generator)
    centre = (0.5 + uniform((-0.04, 0.04), generator), 0.5 + uniform((-0.04, 0.04), generator))
    layers = []
    for number in range(2 + index(GROUPS, generator)):
        draw = draw_group if number else draw_part
        cover = draw(side, centre=centre, radius=radius, generator=generator)
        colour = _colour(grey, generator)
        if number == 0 or chance(0.3, generator):
            colour = _textured(colour, surfaced(), generator)
        loose = uniform((0.0, 0.006), generator) if number and chance(0.5, generator) else 0.0
        layers.append(Layer(colour, cover, loose, uniform((0.0, 0.04), generator)))
    return Product(ground, belt, tuple(layers), _variation(generator))


def _colour(grey: bool, generator: torch.Generator) -> Tensor:  # noqa: FBT001 - which of two
    tones = torch.rand(1 if grey else 3, 1, 1, generator=generator)
    return TONES[0] + (TONES[1] - TONES[0]) * tones


def _textured(colour: Tensor, texture: Tensor, generator: torch.Generator) -> Tensor:
    """A colour with a texture, shaded now and then."""
    painted = (colour + (texture - texture.mean()) * uniform((0.0, 0.6), generator)).clamp(0, 1)
    if chance(0.4, generator):
        side = texture.shape[-1]
        shade = field((side, side), cell=side / uniform((1.0, 3.0), generator), generator=generator)
        painted = (painted * (1 + SHADE * shade)).clamp(0, 1)
    return painted


def _variation(generator: torch.Generator) -> Variation:
    anyhow = chance(ANY_ANGLE, generator)
    return Variation(
        turn=math.radians(uniform((0.0, 90.0 if anyhow else 2.0), generator)),
        any_angle=anyhow,
        shift=uniform((0.0, 0.015), generator),
        scale=uniform((0.0, 0.015), generator),
        brightness=uniform((0.0, 0.04), generator),
        slope=uniform((0.0, 0.05), generator),
        grain=uniform((0.002, 0.02), generator),
        blur=uniform((0.3, 1.2), generator),
    )


def _pose(variation: Variation, generator: torch.Generator) -> _Pose:
    if variation.any_angle:
        angle = uniform((-2 * variation.turn, 2 * variation.turn), generator)
    else:
        angle = _varied(variation.turn, generator)
    across, down = (_varied(variation.shift, generator) for _ in range(2))
    return _Pose(angle, 1 / (1 + _varied(variation.scale, generator)), across, down)


def _own_pose(pose: _Pose, layer: Layer, generator: torch.Generator) -> _Pose:
    across, down = (_varied(layer.loose, generator) for _ in range(2))
    gain = 1 + _varied(layer.fading, generator)
    return pose._replace(across=pose.across + across, down=pose.down + down, gain=gain)


def _flawed(layer: Layer, pose: _Pose, flaw: Flaw) -> tuple[Layer, _Pose]:
    if flaw.colour is not None:
        layer = layer._replace(colour=(layer.colour + flaw.colour).clamp(0, 1))
    across, down = pose.across + flaw.across, pose.down + flaw.down
    return layer, pose._replace(angle=pose.angle + flaw.turn, zoom=pose.zoom * flaw.zoom, across=across, down=down)


def _covered(picture: Tensor, layer: Layer, pose: _Pose) -> Tensor:
    """A picture with a layer over it."""
    colour, textured = layer.colour, layer.colour.shape[-1] > 1
    stacked = torch.cat([colour * layer.cover, layer.cover[None]]) if textured else layer.cover[None]
    grid = _grid(picture.shape[-1], pose)
    seen = F.grid_sample(stacked[None], grid[None], align_corners=False)[0]
    cover = seen[-1]
    paint = seen[:-1] if textured else colour * cover
    return torch.addcmul(picture, picture, cover, value=-1).add_(paint, alpha=pose.gain)


def _grid(side: int, pose: _Pose) -> Tensor:
    """``(S, S, 2)``: where in the canonical drawing, from -1 to 1, a photo's pixels look."""
    ticks = (2 * torch.arange(side) + 1) / side - 1
    cosine, sine = (pose.zoom * turn(pose.angle) * ticks for turn in (math.cos, math.sin))
    x = (cosine + 2 * pose.across)[None, :] - sine[:, None]
    y = (sine + 2 * pose.down)[None, :] + cosine[:, None]
    return torch.stack([x, y], dim=-1)


def _photo(picture: Tensor, variation: Variation, generator: torch.Generator) -> Tensor:
    """A scene as the camera sees it."""
    brightness = 1 + _varied(variation.brightness, generator)
    ticks = torch.linspace(-1, 1, picture.shape[-1])
    across, down = (_varied(variation.slope, generator) for _ in range(2))
    lit = picture * (brightness * (1 + across * ticks + down * ticks[:, None]))
    noise = torch.randn(lit.shape, generator=generator)
    return torch.add(_softened(lit, variation.blur), noise, alpha=variation.grain).clamp_(0, 1).expand(3, -1, -1)


def _softened(picture: Tensor, sigma: float) -> Tensor:
    """A Gaussian blur. With so few taps, sums of shifted copies beat any convolution on a CPU."""
    reach = min(math.ceil(REACH * sigma), picture.shape[-1] - 1)
    weights = [math.exp(-0.5 * (offset / sigma) ** 2) for offset in range(-reach, reach + 1)]
    for axis, border in ((1, (0, 0, reach, reach)), (2, (reach, reach, 0, 0))):
        padded = F.pad(picture, border, mode="reflect")
        picture = torch.zeros_like(picture)
        for offset, weight in enumerate(weights):
            shifted = padded.narrow(axis, offset, picture.shape[axis])
            picture.add_(shifted, alpha=weight / sum(weights))
    return picture


def _varied(spread: float, generator: torch.Generator) -> float:
    return spread * min(max(normal(generator), -UTMOST), UTMOST)
