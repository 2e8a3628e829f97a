from __future__ import annotations

import torch
from torch import nn

from tenshot.detectors.autoencoder.network import ConvolutionalAutoEncoder


def network(seed: int = 0) -> ConvolutionalAutoEncoder:
    return ConvolutionalAutoEncoder(torch.Generator().manual_seed(seed))


def test_sizes_are_those_of_the_paper() -> None:
    """Table 1 of Bergmann et al. (2018), from input to latent vector."""
    sizes = []
    z = torch.zeros(1, 3, 128, 128)
    for layer in network().layers:
        z = layer(z)
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            sizes.append((z.shape[-1], z.shape[1]))
    down = [(64, 32), (32, 32), (32, 32), (16, 64), (16, 64), (8, 128), (8, 64), (8, 32)]
    assert sizes[:9] == [*down, (1, 100)]
    assert sizes[9:] == [*reversed(down), (128, 3)]


def test_all_that_passes_is_the_latent_vector() -> None:
    """No way around the middle: two pictures with the same latent vector have the same reconstruction."""
    layers = network().layers
    middle = next(i for i, layer in enumerate(layers) if isinstance(layer, nn.Conv2d) and layer.kernel_size == (8, 8))
    latent = layers[: middle + 1](torch.rand(2, 3, 128, 128, generator=torch.Generator().manual_seed(0)))
    assert latent.shape == (2, 100, 1, 1)
    assert not isinstance(layers[middle + 1], nn.LeakyReLU)


def test_the_seed_decides_the_start() -> None:
    first, same, other = (network(seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(value, same[name]) for name, value in first.items())
    assert any(not torch.equal(value, other[name]) for name, value in first.items())
