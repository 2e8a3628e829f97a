"""The fully convolutional auto-encoder of appendix A.3: ResNet-10 and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.func import functional_call

from tenshot.features.resnet10 import ResNet10
from tenshot.training import Decoder, initialise

if TYPE_CHECKING:
    import torch

    from tenshot.training import Statistics

    Parameters = dict[str, Tensor]

__all__ = ["ResNetAutoEncoder", "reconstruct", "support_loss"]


class ResNetAutoEncoder(nn.Module):
    """ResNet-10, whose head map is all that the decoder sees.

    Args:
        generator: of the initial weights.
    """

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self.encoder = initialise(ResNet10, generator)
        self.decoder = initialise(Decoder, generator)
        self.decoder.start_grey()

    def forward(self, x: Tensor, statistics: Statistics | None = None) -> tuple[Tensor, Statistics]:
        """``(B, 3, h, w)`` in [0, 1], sides multiples of 32, from 64, to its reconstruction; see ``Decoder``."""
        return self.decoder(self.encoder(2 * x - 1)[-1], statistics)


def reconstruct(
    network: ResNetAutoEncoder, parameters: Parameters, x: Tensor, statistics: Statistics | None = None
) -> tuple[Tensor, Statistics]:
    """What the network makes of pictures with other parameters than its own."""
    return functional_call(network, parameters, (x, statistics))


def support_loss(network: ResNetAutoEncoder, parameters: Parameters, support: Tensor) -> Tensor:
    """Mean squared error of the support, normalised by its own statistics: what the inner loop lowers."""
    return (reconstruct(network, parameters, support)[0] - support).square().mean()
