"""The convolutional auto-encoder of Bergmann et al. (2018), Table 1, for inputs of 128 px."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from tenshot.training import initialise

if TYPE_CHECKING:
    import torch

__all__ = ["SIDE", "ConvolutionalAutoEncoder"]

SIDE = 128
SLOPE = 0.2
BOTTOM = 8
# Channels, kernel and stride of the encoder's convolutions, as printed; the latent one follows, without an activation.
LAYERS = ((32, 4, 2), (32, 4, 2), (32, 3, 1), (64, 4, 2), (64, 3, 1), (128, 4, 2), (64, 3, 1), (32, 3, 1))


class ConvolutionalAutoEncoder(nn.Module):
    """Pictures through a narrow middle and back; the decoder mirrors the encoder.

    Args:
        generator: of the initial weights.
        latent: d, numbers in the middle.
    """

    def __init__(self, generator: torch.Generator, *, latent: int = 100) -> None:
        super().__init__()
        self.layers = initialise(lambda: _layers(latent), generator, slope=SLOPE)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, 3, 128, 128)`` in [0, 1] to the reconstruction of the same shape, about [0, 1] but not bounded."""
        return self.layers(x)


def _layers(latent: int) -> nn.Sequential:
    down: list[nn.Module] = []
    up: list[nn.Module] = []
    inputs = 3
    for outputs, kernel, stride in LAYERS:
        down += [nn.Conv2d(inputs, outputs, kernel, stride, padding=1), nn.LeakyReLU(SLOPE)]
        back = nn.ConvTranspose2d if stride > 1 else nn.Conv2d
        up = [nn.LeakyReLU(SLOPE), back(outputs, inputs, kernel, stride, padding=1), *up]
        inputs = outputs
    middle = [nn.Conv2d(inputs, latent, BOTTOM), nn.ConvTranspose2d(latent, inputs, BOTTOM)]
    return nn.Sequential(*down, *middle, *up)
