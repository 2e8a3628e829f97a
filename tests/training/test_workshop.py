from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from tenshot.core.errors import MissingError
from tenshot.training.workshop import HELD, Blueprint, Workshop

if TYPE_CHECKING:
    from pathlib import Path


def test_photos_are_functions_of_their_numbers() -> None:
    one, two = Workshop(32), Workshop(32)
    blueprint = Blueprint(None, 0, 3)
    for number in range(4):
        one.photo(Blueprint(None, 0, number), 0)
    photo = one.photo(blueprint, 7)
    assert photo.shape == (3, 32, 32)
    assert 0 <= float(photo.min()) <= float(photo.max()) <= 1
    assert torch.equal(photo, two.photo(blueprint, 7))
    others = [Blueprint(None, 1, 3), Blueprint(None, 0, 4)]
    assert not any(torch.equal(photo, two.photo(other, 7)) for other in others)
    assert not torch.equal(photo, two.photo(blueprint, 8))


def test_a_flawed_photo_is_the_same_photo_but_for_the_flaw() -> None:
    workshop, shares = Workshop(48), []
    for number in range(12):
        blueprint = Blueprint(None, 0, number)
        good, bad = workshop.photo(blueprint, 0), workshop.photo(blueprint, 0, flaw=number)
        assert torch.equal(bad, workshop.photo(blueprint, 0, flaw=number))
        shares.append(float(((bad - good).abs().amax(dim=0) > 1e-4).float().mean()))
    assert sum(share > 0 for share in shares) >= 9
    assert max(shares) < 0.6
    blueprint = Blueprint(None, 0, 1)
    twins = {workshop.photo(blueprint, 0, flaw=flaw).sum().item() for flaw in range(8)}
    assert len(twins) > 4


def test_only_a_few_products_are_kept() -> None:
    workshop = Workshop(32)
    for number in (0, 1, 2, 3, 0, 4):
        workshop.photo(Blueprint(None, 0, number), 0)
    assert len(workshop.products) == HELD
    assert [each.number for each in workshop.products] == [2, 3, 0, 4]


def test_surfaces_are_those_of_the_pictures(textures: Path) -> None:
    files = tuple(sorted(textures.glob("*/*.png")))
    with_textures = Blueprint(textures, 0, 0, files)
    workshop = Workshop(32)
    assert not torch.equal(workshop.photo(with_textures, 0), workshop.photo(Blueprint(None, 0, 0), 0))
    assert with_textures == Blueprint(textures, 0, 0)  # the folder stands for its pictures
    with pytest.raises(MissingError, match=r"gone\.png"):
        Workshop(32).photo(Blueprint(textures, 0, 0, (textures / "gone.png",)), 0)
