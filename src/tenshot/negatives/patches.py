"""Corrupted queries q̂ (appendix A.4): small patches of noise, of one colour, copied or blurred."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import torch
from pydantic import AfterValidator, Field
from torch import Tensor

from tenshot.core.config import Settings
from tenshot.negatives.draws import index, log_uniform, uniform
from tenshot.negatives.places import Place, blurred

__all__ = ["PatchSettings", "corrupt", "noise_start", "rising"]

Kind = Literal["noise", "constant", "copy_paste", "blur"]


def rising(bounds: tuple[float, float]) -> tuple[float, float]:
    """Refuses bounds in the wrong order."""
    if bounds[0] > bounds[1]:
        msg = f"expected the smaller number first, got {bounds[0]} and {bounds[1]}"
        raise ValueError(msg)
    return bounds


Share = Annotated[float, Field(gt=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Bounds = Annotated[tuple[Positive, Positive], AfterValidator(rising)]


class PatchSettings(Settings):
    """Which patches corrupt a picture; the defaults are those of appendix A.4.

    As printed, the aspect ratio is uniform in (0.01, 100): 99 patches of 100 are wider than high, half of them at least
    fifty times. Drawn log-uniformly, wide and high ones are equally likely.

    Attributes:
        kinds: what patches are made of, each equally likely: ``noise``, every value drawn from U(min, max) of the
            picture's own values; ``constant``, one colour, its channels drawn like that; ``copy_paste``, another place
            of the same picture; ``blur``, the place itself, Gaussian-blurred.
        most: a picture gets 1 to ``most`` patches, each number equally likely.
        area: bounds of a patch's share of the picture, drawn uniformly.
        aspect: bounds of its width divided by its height, drawn uniformly.
        log_aspect: draw the logarithm of the aspect ratio uniformly instead.
        sigma: bounds of the blur's standard deviation in pixels, drawn uniformly; the paper names none.
    """

    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)] = ("noise", "constant", "copy_paste", "blur")
    most: Annotated[int, Field(ge=1)] = 3
    area: Annotated[tuple[Share, Share], AfterValidator(rising)] = (0.0025, 0.025)
    aspect: Bounds = (0.01, 100.0)
    log_aspect: bool = False
    sigma: Bounds = (1.0, 4.0)


def corrupt(images: Tensor, *, settings: PatchSettings, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Places random patches on pictures; where patches overlap, the last one is seen.

    Args:
        images: q, ``(B, C, H, W)``, of any range; stays as it is.
        settings: which patches.
        generator: decides everything.

    Returns:
        q̂ of the same shape, and the mask ``(B, H, W)`` bool: the pixels inside patches, *whether or not their values
        changed* - a blur of a flat area or a copy of what looks the same leaves them as they were.
    """
    corrupted = images.clone()
    mask = torch.zeros(len(images), *images.shape[-2:], dtype=torch.bool, device=images.device)
    for picture, target, inside in zip(images, corrupted, mask, strict=True):
        for _ in range(1 + index(settings.most, generator)):
            place = _draw_place(picture, settings, generator)
            place.of(target).copy_(_filling(picture, place, settings, generator))
            place.of(inside).fill_(value=True)
    return corrupted, mask


def noise_start(images: Tensor, *, generator: torch.Generator) -> Tensor:
    """The classical start of Langevin dynamics, the costly one of Fig. E: nothing but uniform noise.

    Args:
        images: ``(B, C, H, W)``, of which only the smallest and the largest value are used.
        generator: draws the noise.

    Returns:
        Pictures of the same shape, independent values from U(min, max).
    """
    return _noise(images.shape, images, generator)


def _draw_place(picture: Tensor, settings: PatchSettings, generator: torch.Generator) -> Place:
    rows, columns = picture.shape[-2:]
    area = uniform(settings.area, generator) * rows * columns
    aspect = (log_uniform if settings.log_aspect else uniform)(settings.aspect, generator)
    # What would reach beyond the picture is cut off, so that patches of extreme shape are smaller.
    height = min(max(round(math.sqrt(area / aspect)), 1), rows)
    width = min(max(round(math.sqrt(area * aspect)), 1), columns)
    return _move(Place(0, 0, height, width), picture, generator)


def _move(place: Place, picture: Tensor, generator: torch.Generator) -> Place:
    """The same rectangle anywhere inside the picture."""
    rows, columns = picture.shape[-2:]
    top = index(rows - place.height + 1, generator)
    return place._replace(top=top, left=index(columns - place.width + 1, generator))


def _filling(picture: Tensor, place: Place, settings: PatchSettings, generator: torch.Generator) -> Tensor:
    """What is put there, ``(C, h, w)`` or broadcast to it; always taken from the clean picture."""
    kind = settings.kinds[index(len(settings.kinds), generator)]
    if kind == "noise":
        return _noise(place.of(picture).shape, picture, generator)
    if kind == "constant":
        return _noise(torch.Size((len(picture), 1, 1)), picture, generator)
    if kind == "copy_paste":
        return _move(place, picture, generator).of(picture)
    return blurred(picture, place, uniform(settings.sigma, generator))


def _noise(shape: torch.Size, images: Tensor, generator: torch.Generator) -> Tensor:
    low, high = images.aminmax()
    values = torch.rand(shape, generator=generator, device=generator.device, dtype=images.dtype)
    return low + (high - low) * values.to(images.device)
