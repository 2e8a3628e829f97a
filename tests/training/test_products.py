from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from tenshot.training.flaws import Flaw
from tenshot.training.products import Layer, Product, Variation, draw_product

SIDE = 64
STILL = Variation(turn=0, any_angle=False, shift=0, scale=0, brightness=0, slope=0, grain=0, blur=0.01)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def drawn(seed: int) -> Product:
    return draw_product([], side=SIDE, generator=generator(seed))


def square(top: int, left: int, side: int) -> torch.Tensor:
    cover = torch.zeros(SIDE, SIDE)
    cover[top : top + side, left : left + side] = 1
    return cover


def simple(variation: Variation = STILL, **of_part: float) -> Product:
    """A grey body on black with a light square near its upper left corner."""
    body = Layer(torch.full((3, 1, 1), 0.4), square(8, 8, 48), 0.0, 0.0)
    part = Layer(torch.full((3, 1, 1), 0.8), square(16, 16, 8), of_part.get("loose", 0.0), of_part.get("fading", 0.0))
    return Product(torch.zeros(3, SIDE, SIDE), None, (body, part), variation)


def test_a_product_has_a_body_and_groups_of_parts_and_a_third_are_grey() -> None:
    products = [drawn(seed) for seed in range(60)]
    assert {len(product.layers) for product in products} == {2, 3, 4}
    grey = [product for product in products if len(product.ground) == 1]
    assert 10 <= len(grey) <= 32
    for product in products:
        channels = len(product.ground)
        assert product.ground.shape == (channels, SIDE, SIDE)
        assert product.layers[0].cover.mean() > 0.05
        for layer in product.layers:
            assert layer.colour.shape in {(channels, 1, 1), (channels, SIDE, SIDE)}
            assert 0 <= float(layer.colour.min()) <= float(layer.colour.max()) <= 1


def test_photos_are_pictures_that_differ_a_little() -> None:
    for seed in range(8):
        product, random = drawn(seed), generator(seed)
        photos = torch.stack([product.instance(random) for _ in range(4)])
        assert photos.shape == (4, 3, SIDE, SIDE)
        assert 0 <= float(photos.min()) <= float(photos.max()) <= 1
        assert not torch.equal(photos[0], photos[1])
        if len(product.ground) == 1:
            assert torch.equal(photos[:, 0], photos[:, 2])
        other = drawn(seed + 100).instance(generator(seed))
        if not product.variation.any_angle:
            assert float((photos[0] - photos[1]).abs().mean()) < float((photos[0] - other).abs().mean())


def test_product_and_photo_are_decided_by_their_generators() -> None:
    first, again, other = (drawn(seed).instance(generator(5)) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_product_looks_the_same_at_another_size() -> None:
    for seed in range(6):
        large = draw_product([], side=2 * SIDE, generator=generator(seed)).instance(generator(1))
        small = drawn(seed).instance(generator(1))
        assert float((F.avg_pool2d(large[None], 2)[0] - small).abs().mean()) < 0.05


def test_without_variation_a_photo_is_the_drawing() -> None:
    photo = simple().instance(generator())
    expected = 0.4 * square(8, 8, 48) + 0.4 * square(16, 16, 8)
    torch.testing.assert_close(photo, expected.expand(3, -1, -1), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("flaw", "part"),
    [
        (Flaw(1, missing=True), 0.4 * square(8, 8, 48)),
        # A displaced look: what is seen moves the other way.
        (Flaw(1, across=-0.25, down=-0.125), 0.4 * square(8, 8, 48) + 0.4 * square(24, 32, 8)),
        (Flaw(1, colour=torch.full((3, 1, 1), -0.3)), 0.4 * square(8, 8, 48) + 0.1 * square(16, 16, 8)),
        (Flaw(1, turn=math.pi / 2), 0.4 * square(8, 8, 48) + 0.4 * square(40, 16, 8)),
    ],
    ids=["missing", "moved", "recoloured", "turned"],
)
def test_a_flaw_changes_its_part_alone(flaw: Flaw, part: torch.Tensor) -> None:
    photo = simple().instance(generator(), flaw=flaw)
    torch.testing.assert_close(photo, part.expand(3, -1, -1), rtol=0, atol=1e-5)


def test_a_part_may_be_too_large_by_its_distance_from_the_middle() -> None:
    photo = simple().instance(generator(), flaw=Flaw(1, zoom=0.5))
    # Edges of what is enlarged are soft, and two corners of it lie beyond the body.
    assert ((photo[0] > 0.55).float() == square(0, 0, 16)).float().mean() > 0.998


def test_a_flawed_twin_has_the_same_pose_light_and_noise() -> None:
    shown = 0
    for seed in range(30):
        product = drawn(seed)
        flaw = product.flaw(generator(seed))
        good, bad = product.instance(generator(seed)), product.instance(generator(seed), flaw=flaw)
        changed = (bad - good).abs().amax(dim=0) > 1e-4
        shown += bool(changed.any())
        assert changed.float().mean() < 0.5
        plain = flaw._replace(colour=None)
        touched = reach(product, flaw.layer, None, seed) | reach(product, flaw.layer, plain, seed)
        assert not (changed & ~touched).any()
    assert shown > 25


def reach(product: Product, number: int, flaw: Flaw | None, seed: int) -> torch.Tensor:
    """Pixels that see a layer: those that change if it is black or white."""
    photos = []
    for value in (0.0, 1.0):
        layers = list(product.layers)
        layers[number] = layers[number]._replace(colour=torch.full((len(product.ground), 1, 1), value))
        photos.append(replace(product, layers=tuple(layers)).instance(generator(seed), flaw=flaw))
    return (photos[0] - photos[1]).abs().amax(dim=0) > 1e-5


@pytest.mark.parametrize("name", ["turn", "shift", "scale", "brightness", "slope", "grain"])
def test_every_variation_varies(name: str) -> None:
    product = simple(STILL._replace(**{name: 0.1}))
    photos = torch.stack([product.instance(generator(seed)) for seed in range(3)])
    assert float((photos[0] - photos[1]).abs().mean()) > 0.001
    assert float((photos[1] - photos[2]).abs().mean()) > 0.001


@pytest.mark.parametrize("name", ["loose", "fading"])
def test_parts_vary_of_their_own_accord(name: str) -> None:
    product = simple(**{name: 0.05})
    photos = torch.stack([product.instance(generator(seed)) for seed in range(4)])
    varied = (photos - photos[0]).abs().amax(dim=(0, 1)) > 1e-4
    assert varied.any()
    assert not varied[:, 40:].any()


def test_a_product_at_any_angle_lies_at_any_angle() -> None:
    turning = simple(STILL._replace(turn=math.pi / 2, any_angle=True))
    quadrants = set()
    for seed in range(40):
        bright = (turning.instance(generator(seed))[0] > 0.6).nonzero().float().mean(dim=0)
        quadrants.add((bool(bright[0] > SIDE / 2), bool(bright[1] > SIDE / 2)))
    assert len(quadrants) == 4


def test_a_belt_moves_under_the_product() -> None:
    stripes = (torch.arange(SIDE) % 8 < 4).float().expand(3, SIDE, SIDE)
    product = simple()
    moving = Product(product.ground, stripes, product.layers, STILL)
    photos = torch.stack([moving.instance(generator(seed)) for seed in range(6)])
    varied = (photos - photos[0]).abs().amax(dim=(0, 1)) > 1e-4
    assert varied[:4].float().mean() > 0.7
    assert not varied[10:50, 10:50].any()


def test_the_lens_blurs_as_a_gaussian_does() -> None:
    from scipy import ndimage

    product = simple(STILL._replace(blur=1.2))
    expected = ndimage.gaussian_filter(simple().instance(generator())[0].numpy(), 1.2, mode="mirror", radius=4)
    torch.testing.assert_close(product.instance(generator())[0], torch.tensor(expected), rtol=0, atol=1e-4)
