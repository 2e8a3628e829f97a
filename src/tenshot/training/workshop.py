"""Photos of synthetic products as a function of numbers: which product, which photo of it, which flaw."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tenshot.data.frames import resized
from tenshot.training.products import draw_product
from tenshot.training.randomness import torch_generator
from tenshot.training.surfaces import TextureFiles

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from tenshot.training.products import Product

__all__ = ["PHOTOS", "Blueprint", "Workshop"]

PHOTOS = 64
"""Of a product."""
FINE = 1.25
"""Pixels a photo is drawn with per pixel that is left of it, along each axis."""
HELD = 4


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What a synthetic product follows from.

    Attributes:
        folder: of texture pictures; ``None`` for invented textures.
        seed: of a collection of products.
        number: of the product in it.
        textures: the pictures below the folder, in a fixed order.
    """

    folder: Path | None
    seed: int
    number: int
    textures: tuple[Path, ...] = field(default=(), compare=False, repr=False)


class Workshop:
    """Draws products and takes their photos; the last few products are kept.

    Args:
        side: of the square photos in pixels.
    """

    def __init__(self, side: int) -> None:
        self.side = side
        self.products: OrderedDict[Blueprint, Product] = OrderedDict()

    def photo(self, blueprint: Blueprint, number: int, *, flaw: int | None = None) -> Tensor:
        """One photo of a product.

        Args:
            blueprint: of the product.
            number: of the photo.
            flaw: a number that a flaw follows from; nothing but the flaw differs then. ``None`` for a good product.

        Returns:
            ``(3, s, s)`` in [0, 1].

        Raises:
            MissingError: a texture that is not there any more.
            ImageError: a texture that cannot be read.
        """
        product = self._product(blueprint)
        place = (blueprint.seed, blueprint.number, number)
        wrong = None if flaw is None else product.flaw(torch_generator("product flaw", *place, flaw))
        taken = product.instance(torch_generator("product photo", *place), flaw=wrong)
        return resized(taken, (self.side, self.side))

    def _product(self, blueprint: Blueprint) -> Product:
        if blueprint not in self.products:
            self.products[blueprint] = draw_product(
                TextureFiles(blueprint.textures),
                side=round(FINE * self.side),
                generator=torch_generator("product", blueprint.seed, blueprint.number),
            )
            while len(self.products) > HELD:
                self.products.popitem(last=False)
        self.products.move_to_end(blueprint)
        return self.products[blueprint]
