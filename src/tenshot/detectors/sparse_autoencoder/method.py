"""The sparse auto-encoder in use: what sparse codes over the shots do not bring back is anomalous."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from tenshot.core.config import Settings
from tenshot.core.errors import InputError
from tenshot.detectors.framed import Method, Normality
from tenshot.detectors.sparse_autoencoder.network import CODING, SparseAutoEncoder
from tenshot.energy import upsample

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from tenshot.detectors.sparse_autoencoder.network import Conditions

__all__ = ["SIDE", "SparseAutoEncoderMethod", "SparseNormality", "SparseSettings"]

SIDE = 128
SMOOTHING = 4.0


class SparseSettings(Settings):
    """What can be changed: nothing. All that there is to choose is learned."""


@dataclass(frozen=True, eq=False)
class SparseNormality(Normality):
    """A network and the shots that it reconstructs from.

    Attributes:
        network: in evaluation mode.
        conditions: the shots as it sees them.
    """

    network: SparseAutoEncoder
    conditions: Conditions

    def judge(self, representation: Tensor, *, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Score: mean squared error of the frame; map: squared errors, smoothed. See ``Normality.judge``."""
        errors = (self.network(representation, self.conditions) - representation).square().mean(dim=1)
        return errors.flatten(1).mean(dim=1), upsample(errors, size, sigma=SMOOTHING)


class SparseAutoEncoderMethod(Method):
    """The sparse auto-encoder as a method.

    Args:
        seed: of the untrained network.
        trained: the weights that ``train`` gave; ``None`` for the untrained network, the control.

    Raises:
        InputError: for weights of another network.
    """

    image_size = SIDE
    multiple = 32
    square = True

    def __init__(self, *, seed: int = 0, trained: Mapping[str, Tensor] | None = None) -> None:
        self.seed = seed
        self.is_trained = trained is not None
        self.network = SparseAutoEncoder(torch.Generator().manual_seed(seed))
        if trained is not None:
            try:
                self.network.load_state_dict(trained)
            except RuntimeError as error:
                msg = f"trained weights: expected those of sparse_ae, got {len(trained)} tensors that do not fit it"
                raise InputError(msg) from error
        self.network.eval().requires_grad_(requires_grad=False)

    @property
    def settings(self) -> dict[str, Any]:
        """See ``Method.settings``."""
        return {
            "image_size": SIDE,
            "smoothing": SMOOTHING,
            "coding": dict(CODING),
            "trained": self.is_trained,
            "seed": self.seed,
        }

    def fit(self, support: Tensor) -> SparseNormality:
        """Encodes the shots; see ``Method.fit``."""
        with torch.no_grad():
            return SparseNormality(self.network, self.network.condition(support))
