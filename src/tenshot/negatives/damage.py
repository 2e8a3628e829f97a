"""Damage that looks like damage: stains, foreign texture, scratches, what is warped, missing or out of place.

The patches of the paper have straight edges and fill that no product has; what tells them apart says little about real
defects, which are soft, textured and part of a structure.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

import torch
from pydantic import AfterValidator, Field
from torch import Tensor
from torch.nn import functional as F

from tenshot.core.config import Settings
from tenshot.negatives.draws import index
from tenshot.negatives.effects import EFFECTS, Site
from tenshot.negatives.patches import Share, rising
from tenshot.negatives.regions import blob, scratch

__all__ = ["DamageSettings", "changed", "damage"]

Kind = Literal["stain", "texture", "warp", "missing", "displaced", "tint", "blur", "noise", "scratch"]
ATTEMPTS = 4
"""How often damage that does not show, as what moves on a plain surface, is drawn anew."""

VISIBLE = 0.04
"""By how much a pixel has changed, as the mean over channels, to count; less is the fringe of a soft edge."""


class DamageSettings(Settings):
    """Which damage is done to a picture.

    Attributes:
        kinds: of damage, each equally likely: ``stain``, darker, lighter or the veil of a colour; ``texture``, another
            picture's or the same one's turned; ``warp``, the surface pulled about; ``missing``, surroundings smeared
            over it; ``displaced``, what belongs elsewhere; ``tint``, colours mixed; ``blur``, or sharpened; ``noise``;
            ``scratch``, a thin bent line.
        area: bounds of a blob's share of the picture, drawn log-uniformly; a scratch has its own size.
        most: a picture gets 1 to ``most`` damages, each number equally likely.
        noticed: by how much a pixel has to change, as the mean over channels, to count when it is asked whether damage
            shows.
        least: share of the picture that has to change so, or else the damage is drawn anew, four times at most.
    """

    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)] = get_args(Kind)
    area: Annotated[tuple[Share, Share], AfterValidator(rising)] = (0.0008, 0.03)
    most: Annotated[int, Field(ge=1)] = 1
    noticed: Annotated[float, Field(ge=0, lt=1)] = 0.06
    least: Annotated[float, Field(ge=0, lt=1)] = 0.0006


def damage(
    images: Tensor, *, settings: DamageSettings, generator: torch.Generator, others: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Damages pictures.

    Args:
        images: q, ``(B, 3, H, W)`` in [0, 1]; stays as it is.
        settings: which damage.
        generator: decides everything; on the CPU, where pictures are drawn on whatever their device.
        others: ``(N, 3, h, w)`` in [0, 1], pictures of something else that foreign texture may come from; ``None`` for
            textures of the pictures themselves alone.

    Returns:
        q̂ of the same shape in [0, 1], and the mask ``(B, H, W)`` bool of pixels that have visibly changed; empty for a
        picture on which no damage showed.
    """
    plain = images.detach().to("cpu", torch.float32)
    sources = None if others is None else others.detach().to("cpu", torch.float32)
    size = (plain.shape[-2], plain.shape[-1])
    after = plain.clone()
    for picture in after:
        foreign = None if sources is None else _drawn(sources, size, generator)
        for _ in range(1 + index(settings.most, generator)):
            _damage(picture, settings, foreign, generator)
    mask = changed(plain, after)
    return after.to(images), mask.to(images.device)


def changed(before: Tensor, after: Tensor, *, above: float = VISIBLE) -> Tensor:
    """Which pixels differ by more than so much, as the mean over channels; ``(..., H, W)`` of ``(..., 3, H, W)``."""
    return (after - before).abs().mean(dim=-3) > above


def _damage(picture: Tensor, settings: DamageSettings, foreign: Tensor | None, generator: torch.Generator) -> None:
    """Damages a picture ``(3, H, W)`` in its own memory, once, unless nothing shows."""
    size = (picture.shape[-2], picture.shape[-1])
    for _ in range(ATTEMPTS):
        kind = settings.kinds[index(len(settings.kinds), generator)]
        if kind == "scratch":
            region = scratch(size, generator=generator)
        else:
            region = blob(size, area=settings.area, generator=generator)
        after = EFFECTS[kind](Site(picture, region, foreign, generator)).clamp(0, 1)
        before = region.place.of(picture)
        if changed(before, after, above=settings.noticed).sum() >= settings.least * picture[0].numel():
            before.copy_(after)
            return


def _drawn(sources: Tensor, size: tuple[int, int], generator: torch.Generator) -> Tensor:
    """One of several pictures at the wanted size."""
    chosen = sources[index(len(sources), generator)]
    if tuple(chosen.shape[-2:]) == size:
        return chosen
    scaled = F.interpolate(chosen[None], size=size, mode="bilinear", antialias=True, align_corners=False)
    return scaled[0].clamp(0, 1)
