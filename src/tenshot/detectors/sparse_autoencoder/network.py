"""ResNet-10, the adaptive sparse-coding layer over the support's features, and a decoder (appendix B.5)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F

from tenshot.coding import istc, lambda_schedule
from tenshot.coding.istc import squared_norm
from tenshot.features.resnet10 import ResNet10
from tenshot.training import Decoder, initialise

if TYPE_CHECKING:
    import torch

    from tenshot.training import Statistics

__all__ = ["CODING", "Conditions", "SparseAutoEncoder"]

# Eq. 6 as in appendix A.1, for directions of features.
CODING = {"iterations": 8, "lambda_max": 0.3, "lambda_min": 0.05, "shrinkage": "sigshrink"}
LAMBDAS = lambda_schedule(0.3, 0.05, 8)


class Conditions(NamedTuple):
    """What the network is given of a task.

    Attributes:
        atoms: D, ``(M, 256)``, unit norm: the direction of the support's features at every position.
        step: 1 / ‖D‖₂², a scalar.
        statistics: of the support, for the decoder.
    """

    atoms: Tensor
    step: Tensor
    statistics: Statistics


class SparseAutoEncoder(nn.Module):
    """Reconstructs pictures from what sparse codes over the support keep of their features.

    Args:
        generator: of the initial weights.
    """

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self.encoder = initialise(ResNet10, generator)
        self.decoder = initialise(Decoder, generator)
        self.decoder.start_grey()

    def condition(self, support: Tensor) -> Conditions:
        """The dictionary of a support ``(K, 3, h, w)`` in [0, 1], and its statistics, decoded from its own codes."""
        directions = self._directions(support)
        atoms = directions.permute(0, 2, 3, 1).flatten(0, 2)
        # The step is a constant of the layer: what matters is that it is small enough.
        step = 1 / squared_norm(atoms.detach())
        _, statistics = self.decoder(_explained(directions, atoms, step))
        return Conditions(atoms, step, statistics)

    def forward(self, x: Tensor, conditions: Conditions) -> Tensor:
        """``(B, 3, h, w)`` in [0, 1], sides multiples of 32, from 64, to its reconstruction of the same shape."""
        explained = _explained(self._directions(x), conditions.atoms, conditions.step)
        return self.decoder(explained, conditions.statistics)[0]

    def _directions(self, x: Tensor) -> Tensor:
        return F.normalize(self.encoder(2 * x - 1)[-1], dim=1)


def _explained(directions: Tensor, atoms: Tensor, step: Tensor) -> Tensor:
    """Dα, ``(B, d, h', w')``, times √d, so that values have about the size that a decoder expects."""
    z = directions.permute(0, 2, 3, 1)
    gram = atoms @ atoms.T
    codes = istc(z @ atoms.T, lambda a: a @ gram, step=step, lambdas=LAMBDAS, shrinkage="sigshrink")
    return math.sqrt(atoms.shape[1]) * (codes @ atoms).permute(0, 3, 1, 2)
