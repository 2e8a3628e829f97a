from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as running
from hypothesis import strategies as st
from pydantic import ValidationError
from torch.nn import functional as F

from tenshot.negatives import DamageSettings, changed, damage
from tenshot.negatives.damage import Kind
from tenshot.negatives.effects import EFFECTS

KINDS = get_args(Kind)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def settings(**changes: Any) -> DamageSettings:
    return DamageSettings.model_validate(changes)


def pictures(count: int, height: int = 64, width: int = 64, seed: int = 0) -> torch.Tensor:
    knots = torch.tensor(np.random.default_rng(seed).random((count, 3, 13, 13), dtype=np.float32))
    return F.interpolate(knots, size=(height, width), mode="bilinear")


def test_every_effect_is_a_kind_of_damage() -> None:
    assert settings().kinds == KINDS
    assert set(KINDS) == set(EFFECTS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_shows_within_bounds_and_the_mask_is_what_shows(kind: str) -> None:
    images = (pictures(20) + 0.3 * torch.randn(20, 1, 64, 64, generator=generator(1))).clamp(0, 1)
    after, mask = damage(images, settings=settings(kinds=[kind], area=(0.01, 0.03)), generator=generator())
    assert after.shape == images.shape
    assert (mask.shape, mask.dtype) == ((20, 64, 64), torch.bool)
    assert 0 <= float(after.min()) <= float(after.max()) <= 1
    assert torch.equal(mask, (after - images).abs().mean(dim=1) > 0.04)
    touched = mask.flatten(1).float().mean(dim=1)
    assert (touched > 0.0006).float().mean() > 0.9
    assert float(touched.max()) < 0.25


@running(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 50), st.integers(1, 50), st.integers(1, 3))
def test_pictures_of_any_size_are_damaged_and_stay_as_they_are(seed: int, height: int, width: int, most: int) -> None:
    images = pictures(2, height, width, seed)
    before = images.clone()
    others = pictures(1, 20, 30, seed + 1)
    after, mask = damage(images, settings=settings(most=most), generator=generator(seed), others=others)
    assert torch.equal(images, before)
    assert after.isfinite().all()
    assert 0 <= float(after.min()) <= float(after.max()) <= 1
    assert torch.equal(mask, changed(images, after, above=0.04))


def test_what_is_not_damaged_stays_exactly_as_it_was() -> None:
    images = pictures(30)
    after, mask = damage(images, settings=settings(), generator=generator())
    same = (after == images).all(dim=1)
    assert same.float().mean() > 0.85
    assert not (same & mask).any()


def test_the_generator_decides_everything() -> None:
    images = pictures(8)
    first, again, other = (damage(images, settings=settings(), generator=generator(seed)) for seed in (0, 0, 1))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])


def test_every_picture_is_damaged_by_one_thing_or_up_to_as_many_as_allowed() -> None:
    images = pictures(120)
    once, more = (
        damage(images, settings=settings(most=most, area=(0.005, 0.01)), generator=generator())[1].float().mean()
        for most in (1, 4)
    )
    assert 1.8 < float(more / once) < 3.2  # 2.5 on average, less what lies on one another


def test_once_is_once() -> None:
    _, mask = damage(pictures(60), settings=settings(kinds=["stain"], area=(0.005, 0.005)), generator=generator())
    assert float(mask.float().mean(dim=(1, 2)).max()) < 0.011


def test_others_are_where_foreign_texture_comes_from() -> None:
    images = torch.full((60, 3, 32, 32), 0.5)
    how = settings(kinds=["texture"], area=(0.02, 0.05))
    nothing, none = damage(images, settings=how, generator=generator())
    assert torch.equal(nothing, images)  # a plain picture has no other texture
    assert not none.any()
    after, mask = damage(images, settings=how, generator=generator(), others=torch.zeros(2, 3, 10, 10))
    assert mask.flatten(1).any(dim=1).float().mean() > 0.9
    assert float(after.max()) <= 0.5


def test_what_does_not_show_is_drawn_anew() -> None:
    flat = torch.full((60, 3, 48, 48), 0.5)
    _, mask = damage(flat, settings=settings(kinds=["displaced", "stain"], area=(0.01, 0.03)), generator=generator())
    # Moving what is plain never shows; one draw of two would leave half of the pictures as they were.
    assert mask.flatten(1).any(dim=1).float().mean() > 0.85


def test_type_and_device_stay_those_of_the_pictures() -> None:
    images = pictures(3).double()
    after, mask = damage(images, settings=settings(), generator=generator())
    assert (after.dtype, after.device, mask.device) == (images.dtype, images.device, images.device)
    same = ~(after != images).any(dim=1)
    assert same.float().mean() > 0.8


@pytest.mark.parametrize(
    "changes",
    [
        {"kinds": []},
        {"kinds": ["rust"]},
        {"most": 0},
        {"area": (0.1, 0.01)},
        {"area": (0, 0.1)},
        {"noticed": 1.0},
        {"least": -0.1},
        {"size": 3},
    ],
    ids=str,
)
def test_settings_that_make_no_damage_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**changes)
