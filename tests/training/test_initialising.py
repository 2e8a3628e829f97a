from __future__ import annotations

import pytest
import torch
from torch import nn

from tenshot.training import initialise


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_seed_decides_and_nothing_else() -> None:
    before = torch.get_rng_state()
    first, same, other = (initialise(lambda: nn.Conv2d(3, 4, 3), generator(seed)).weight for seed in (0, 0, 1))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (lambda: nn.Conv2d(16, 32, 3, padding=1), (16, 24, 24)),
        (lambda: nn.Conv2d(16, 32, 4, stride=2, padding=1), (16, 24, 24)),
        (lambda: nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1), (32, 24, 24)),
        (lambda: nn.ConvTranspose2d(100, 32, 8), (100, 1, 1)),
    ],
)
@pytest.mark.parametrize("slope", [0.0, 0.2])
def test_a_rectified_signal_keeps_its_strength(layer, shape: tuple[int, int, int], slope: float) -> None:  # noqa: ANN001
    module = initialise(layer, generator(), slope=slope)
    noise = torch.randn(64, *shape, generator=generator(1))
    rectified = nn.functional.leaky_relu(noise, slope)
    out = module(rectified)[:, :, 1:-1, 1:-1]
    assert out.square().mean().item() == pytest.approx(1, rel=0.15)
    assert module.bias is not None
    assert not module.bias.any()
