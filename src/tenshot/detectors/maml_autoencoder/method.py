"""MAML-AE in use: five gradient steps on the shots, then what the network fails to reproduce is anomalous."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import torch
from pydantic import Field

from tenshot.core.config import Settings
from tenshot.core.errors import InputError
from tenshot.detectors.framed import Method, Normality
from tenshot.detectors.maml_autoencoder.inner_loop import RATE, STEPS, descend
from tenshot.detectors.maml_autoencoder.network import ResNetAutoEncoder, support_loss
from tenshot.energy import upsample

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from tenshot.training import Statistics

__all__ = ["SIDE", "AdaptationSettings", "MamlMethod", "MamlNormality", "MamlSettings"]

SIDE = 128
SMOOTHING = 4.0


class AdaptationSettings(Settings):
    """How the start is adapted to the shots.

    Attributes:
        steps: of gradient descent, as in the paper; 0 uses the start as it is.
        rate: of that descent; best the one that the start was trained for.
    """

    steps: Annotated[int, Field(ge=0)] = STEPS
    rate: Annotated[float, Field(gt=0)] = RATE


class MamlSettings(Settings):
    """What can be changed.

    Attributes:
        adaptation: how the start is adapted.
    """

    adaptation: AdaptationSettings = AdaptationSettings()


@dataclass(frozen=True, eq=False)
class MamlNormality(Normality):
    """An adapted auto-encoder.

    Attributes:
        network: with the adapted parameters.
        statistics: of the shots, for the decoder.
    """

    network: ResNetAutoEncoder
    statistics: Statistics

    def judge(self, representation: Tensor, *, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Score: mean squared error of the frame; map: squared errors, smoothed. See ``Normality.judge``."""
        again, _ = self.network(representation, self.statistics)
        errors = (again - representation).square().mean(dim=1)
        return errors.flatten(1).mean(dim=1), upsample(errors, size, sigma=SMOOTHING)


class MamlMethod(Method):
    """MAML-AE as a method.

    Args:
        settings: how it is adapted.
        seed: of the untrained start.
        trained: the start that ``train`` gave; ``None`` for the untrained one, the control.

    Raises:
        InputError: for a start of another network.
    """

    image_size = SIDE
    multiple = 32
    square = True

    def __init__(
        self, settings: MamlSettings | None = None, *, seed: int = 0, trained: Mapping[str, Tensor] | None = None
    ) -> None:
        self.chosen = settings or MamlSettings()
        self.seed = seed
        self.is_trained = trained is not None
        self.network = ResNetAutoEncoder(torch.Generator().manual_seed(seed)).eval()
        if trained is not None:
            try:
                self.network.load_state_dict(trained)
            except RuntimeError as error:
                msg = f"trained weights: expected those of MAML-AE, got {len(trained)} tensors that do not fit it"
                raise InputError(msg) from error

    @property
    def settings(self) -> dict[str, Any]:
        """See ``Method.settings``."""
        return {
            "image_size": SIDE,
            "smoothing": SMOOTHING,
            "trained": self.is_trained,
            "seed": self.seed,
            **self.chosen.model_dump(mode="json"),
        }

    def fit(self, support: Tensor) -> MamlNormality:
        """Adapts the start; see ``Method.fit``."""
        # A copy of its own: a functional call lends parameters to the module, which threads must not share.
        network = copy.deepcopy(self.network)
        with torch.enable_grad():
            adapted = descend(
                lambda parameters: support_loss(network, parameters, support),
                dict(network.named_parameters()),
                steps=self.chosen.adaptation.steps,
                rate=self.chosen.adaptation.rate,
                second_order=False,
            )
        network.load_state_dict({name: value.detach() for name, value in adapted.items()})
        network.requires_grad_(requires_grad=False)
        with torch.no_grad():
            _, statistics = network(support)
        return MamlNormality(network, statistics)
