from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from tenshot.negatives.effects import EFFECTS, Site
from tenshot.negatives.places import Place
from tenshot.negatives.regions import Region

SIDE = 48
PLACE = Place(10, 14, 20, 24)
FOREIGN = torch.zeros(3, SIDE, SIDE)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def picture(height: int = SIDE, width: int = SIDE) -> torch.Tensor:
    knots = torch.rand(1, 3, 9, 9, generator=generator(9))
    return F.interpolate(knots, size=(height, width), mode="bilinear")[0]


def site(
    seed: int,
    *,
    mask: float = 1.0,
    shown: torch.Tensor | None = None,
    foreign: torch.Tensor | None = None,
    place: Place = PLACE,
) -> Site:
    seen = picture() if shown is None else shown
    return Site(seen, Region(place, torch.full((place.height, place.width), mask)), foreign, generator(seed))


@pytest.mark.parametrize("name", EFFECTS)
def test_every_effect_changes_what_is_damaged_and_nothing_else(name: str) -> None:
    before = picture()
    changes = []
    for seed in range(12):
        clean = EFFECTS[name](site(seed, mask=0.0))
        torch.testing.assert_close(clean, PLACE.of(before), rtol=0, atol=1e-5)
        after = EFFECTS[name](site(seed))
        assert after.shape == (3, PLACE.height, PLACE.width)
        assert after.isfinite().all()
        changes.append(float((after - PLACE.of(before)).abs().max()))
    assert torch.equal(before, picture())
    # A blur is measured by the picture's side, and this one is small.
    assert sorted(changes)[6] > 0.02
    assert name == "blur" or min(changes) > 0.02


@pytest.mark.parametrize("name", EFFECTS)
def test_an_effect_is_decided_by_its_generator(name: str) -> None:
    assert torch.equal(EFFECTS[name](site(3)), EFFECTS[name](site(3)))
    assert not torch.equal(EFFECTS[name](site(3)), EFFECTS[name](site(4)))


@pytest.mark.parametrize("name", EFFECTS)
def test_pictures_may_be_oblong(name: str) -> None:
    for size in ((SIDE, 70), (70, SIDE)):
        assert EFFECTS[name](site(1, shown=picture(*size), foreign=picture(*size).flip(0))).isfinite().all()


def test_foreign_texture_is_that_of_the_others_more_often_than_not() -> None:
    lit = picture() * 0.2 + 0.8
    taken = [float(EFFECTS["texture"](site(seed, shown=lit, foreign=FOREIGN)).mean()) < 0.7 for seed in range(200)]
    assert 0.45 < sum(taken) / 200 < 0.75
    assert all(float(EFFECTS["texture"](site(seed, shown=lit)).min()) > 0.7 for seed in range(40))


def test_what_is_missing_shows_its_surroundings() -> None:
    flat = torch.full((3, SIDE, SIDE), 0.3)
    small = Place(20, 20, 6, 6)
    small.of(flat).fill_(0.9)
    for seed in range(20):
        after = EFFECTS["missing"](site(seed, shown=flat, place=small))
        surroundings = torch.isclose(after, torch.tensor(0.3), atol=0.02).all()
        elsewhere = torch.isclose(after, torch.tensor(0.9), atol=0.02).all()
        assert surroundings or elsewhere


def test_what_is_displaced_was_somewhere_in_the_picture() -> None:
    numbers = torch.arange(SIDE * SIDE).float().view(1, SIDE, SIDE).expand(3, -1, -1)
    after = EFFECTS["displaced"](site(5, shown=numbers))
    assert set(after[0].long().flatten().tolist()) <= set(range(SIDE * SIDE))
    steps = (after[0, 0].diff() - 1).abs()
    assert int((steps > 0.5).sum()) <= 1  # at most where the picture starts anew


def test_sharpening_and_blurring_both_occur() -> None:
    rough = torch.rand(3, SIDE, SIDE, generator=generator(7))
    spread = [float(EFFECTS["blur"](site(seed, shown=rough)).std()) for seed in range(40)]
    usual = float(PLACE.of(rough).std())
    blurs = sum(each < usual for each in spread)
    assert 20 <= blurs <= 36
