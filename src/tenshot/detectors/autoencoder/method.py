"""Train an auto-encoder on normal frames of one product; what it fails to reproduce is anomalous."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import torch
from pydantic import Field
from torch.optim import Adam

from tenshot.core.config import Settings
from tenshot.detectors.autoencoder.network import SIDE, ConvolutionalAutoEncoder
from tenshot.detectors.autoencoder.ssim import ssim_map
from tenshot.detectors.framed import Method, Normality
from tenshot.energy import upsample, worst_mean
from tenshot.training import Objective, fit, random_batches

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["AutoEncoderMethod", "AutoEncoderNormality", "AutoEncoderSettings", "Likeness", "TrainingSettings"]

Likeness = Literal["mse", "ssim"]

WORST_SHARE = 0.01
SMOOTHING = 4.0
HELD_OUT_SHARE = 0.2


class TrainingSettings(Settings):
    """How the network is trained.

    Attributes:
        steps: of the optimiser; 0 leaves the network as it was initialised, the control.
        batch: frames in a step.
        rate: of Adam.
        weight_decay: of Adam.
    """

    steps: Annotated[int, Field(ge=0)] = 1200
    batch: Annotated[int, Field(ge=1)] = 8
    rate: Annotated[float, Field(gt=0)] = 2e-4
    weight_decay: Annotated[float, Field(ge=0)] = 1e-5


class AutoEncoderSettings(Settings):
    """What can be changed.

    Attributes:
        training: how the network is trained.
    """

    training: TrainingSettings = TrainingSettings()


@dataclass(frozen=True, eq=False)
class AutoEncoderNormality(Normality):
    """A trained auto-encoder.

    Attributes:
        network: in evaluation mode.
        likeness: how a frame and its reconstruction are compared.
    """

    network: ConvolutionalAutoEncoder
    likeness: Likeness

    def judge(self, representation: Tensor, *, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Score: mean of the worst 1 % of the errors, not smoothed; map: errors, smoothed. See ``Normality.judge``."""
        errors = _errors(representation, self.network(representation), self.likeness)
        return worst_mean(errors.flatten(1), WORST_SHARE), upsample(errors, size, sigma=SMOOTHING)


class AutoEncoderMethod(Method):
    """The auto-encoder as a method.

    Args:
        likeness: ``mse``, squared differences, or ``ssim``, structural similarity; decides loss and map.
        settings: how it is trained.
        seed: of initial weights, of which normals are held out, and of the order of batches.
    """

    image_size = SIDE
    square = True

    def __init__(self, likeness: Likeness, settings: AutoEncoderSettings | None = None, *, seed: int = 0) -> None:
        self.likeness = likeness
        self.chosen = settings or AutoEncoderSettings()
        self.seed = seed

    @property
    def settings(self) -> dict[str, Any]:
        """See ``Method.settings``."""
        return {
            "likeness": self.likeness,
            "image_size": SIDE,
            "worst_share": WORST_SHARE,
            "smoothing": SMOOTHING,
            "seed": self.seed,
            **self.chosen.model_dump(mode="json"),
        }

    def fit(self, support: Tensor) -> AutoEncoderNormality:
        """Trains on all of the normals; see ``Method.fit``."""
        training = self.chosen.training
        generator = torch.Generator().manual_seed(self.seed)
        objective = _Reconstruction(generator, self.likeness, training)
        batches = random_batches(support, size=training.batch, generator=generator)
        fit(objective, batches, steps=training.steps)
        return AutoEncoderNormality(objective.network.requires_grad_(requires_grad=False), self.likeness)

    def learn(self, support: Tensor) -> tuple[Normality, list[tuple[Normality, int]]]:
        """Trains once, on four fifths of the normals; the others, one at least, calibrate that very network."""
        order = torch.randperm(len(support), generator=torch.Generator().manual_seed(self.seed))
        count = max(1, round(HELD_OUT_SHARE * len(support)))
        normality = self.fit(support[order[count:]])
        return normality, [(normality, int(index)) for index in order[:count]]


class _Reconstruction(Objective["Tensor"]):
    """Mean error of reconstructed frames."""

    def __init__(self, generator: torch.Generator, likeness: Likeness, training: TrainingSettings) -> None:
        super().__init__()
        # A fifth off the time of convolutions on a CPU.
        self.network = ConvolutionalAutoEncoder(generator).to(memory_format=torch.channels_last)
        self.likeness = likeness
        self.training_settings = training

    def loss(self, batch: Tensor) -> Tensor:
        return _errors(batch, self.network(batch), self.likeness).mean()

    def optimiser(self) -> Adam:
        chosen = self.training_settings
        return Adam(self.network.parameters(), lr=chosen.rate, weight_decay=chosen.weight_decay)


def _errors(frames: Tensor, reconstructed: Tensor, likeness: Likeness) -> Tensor:
    """``(B, 3, h, w)`` twice to ``(B, h, w)``, at least 0: squared error, mean over colours, or 1 - SSIM."""
    if likeness == "mse":
        return (frames - reconstructed).square().mean(dim=1)
    # Rounding may carry perfect agreement beyond 1.
    return (1 - ssim_map(frames, reconstructed)).clamp(min=0)
