"""The network in training: built from its settings, seen as an extractor would, and given back as plain weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from tenshot.core.errors import ExtractorError
from tenshot.energy import coder_inputs
from tenshot.features import join_maps
from tenshot.features.design import Design
from tenshot.features.resnet10 import HEAD, ResNet10
from tenshot.features.weights import read_tensors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tenshot.core.config import CodingConfig
    from tenshot.training.settings import NetworkSettings, TrainingConfig

__all__ = ["Embedding", "SpectralNorm", "build_network", "exported", "maps_of", "plain_weights", "used_by"]

POWER_STEPS = 15
WANTED_STRIDE = 8
ORIGINAL = ".parametrizations.weight.original"


class Embedding(nn.Module):
    """Pictures to what the coder sees of them, exactly as an extractor of the same weights and layers gives it.

    Args:
        network: Ψ.
        settings: which layers are tapped.
        coding: whether directions are taken, and the receptive field.
        neighbourhood: odd side of the window over which joined features are averaged; ``None`` as the settings say.
    """

    def __init__(
        self, network: ResNet10, *, settings: NetworkSettings, coding: CodingConfig, neighbourhood: int | None = None
    ) -> None:
        super().__init__()
        self.network = network
        self.neighbourhood = neighbourhood or settings.neighbourhood
        self.layers = settings.layers
        self.channels = settings.channels
        self.stride = min(settings.layer_strides, key=lambda stride: (abs(stride - WANTED_STRIDE), stride))
        self.coding = coding

    def forward(self, images: Tensor) -> Tensor:
        """``(B, 3, h, w)`` in [0, 1] to ``(B, P, d · l²)``, P = h / stride · w / stride."""
        size = self.grid((images.shape[-2], images.shape[-1]))
        z = join_maps(maps_of(self.network, images, self.layers), size=size, neighbourhood=self.neighbourhood)
        return coder_inputs(z, self.channels, coding=self.coding)

    def used(self) -> Iterator[nn.Parameter]:
        """The parameters that features depend on."""
        return used_by(self.network, self.layers)

    def grid(self, size: tuple[int, int]) -> tuple[int, int]:
        """``(h', w')`` of pictures of ``(h, w)`` pixels."""
        return size[0] // self.stride, size[1] // self.stride


def maps_of(network: ResNet10, images: Tensor, layers: Sequence[int]) -> list[Tensor]:
    """Maps of some layers, in their order.

    Args:
        network: Ψ.
        images: ``(B, 3, h, w)`` in [0, 1].
        layers: 0 to 3 the stages, 4 the head; what lies behind the deepest of them is not computed.
    """
    x = 2 * images - 1
    if HEAD in layers:
        maps = network(x)
    else:
        # The last stage is the larger half of the network.
        maps = [network.stem(x)]
        for stage in network.stages[: max(layers) + 1]:
            maps.append(stage(maps[-1]))
        maps = maps[1:]
    return [maps[layer] for layer in layers]


def used_by(network: ResNet10, layers: Sequence[int]) -> Iterator[nn.Parameter]:
    """The parameters that maps of some layers depend on: those up to the deepest."""
    if HEAD in layers:
        yield from network.parameters()
        return
    for part in (network.stem, *network.stages[: max(layers) + 1]):
        yield from part.parameters()


class SpectralNorm(nn.Module):
    """Divides the weight of a convolution by its largest singular value (Miyato et al., 2018).

    Unlike torch's, without a state: the power iteration starts anew every time, so that weights are a function of the
    parameters alone, whoever looked at them how often.
    """

    def forward(self, weight: Tensor) -> Tensor:
        """``(o, i, h, w)`` to the same shape, of spectral norm one as a matrix ``(o, i · h · w)``."""
        matrix = weight.flatten(1)
        with torch.no_grad():
            left = matrix.new_ones(len(matrix)) / len(matrix) ** 0.5
            for _ in range(POWER_STEPS):
                right = nn.functional.normalize(left @ matrix, dim=0)
                left = nn.functional.normalize(matrix @ right, dim=0)
        return weight / (left @ matrix @ right)


def build_network(settings: NetworkSettings, *, base: Path) -> ResNet10:
    """The network at its start.

    Args:
        settings: of the network.
        base: what a relative path of weights is relative to.

    Raises:
        MissingError: no weights at the path given.
        ExtractorError: weights of another network, or of other strides or another seed than the settings have.
    """
    # Building layers draws from the global generator before our own seed overwrites the values.
    with torch.random.fork_rng(devices=[]):
        network = ResNet10(strides=settings.strides, seed=settings.seed)
    if settings.start is not None:
        file = base / settings.start
        state, facts = read_tensors(file)
        _require_same(settings, facts, file=file)
        try:
            network.load_state_dict(state)
        except RuntimeError as error:
            msg = f"network.start {file}: expected the weights of a resnet10, got tensors that do not fit it"
            raise ExtractorError(msg) from error
    if settings.spectral_norm:
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                parametrize.register_parametrization(module, "weight", SpectralNorm())
    return network


def _require_same(settings: NetworkSettings, facts: Mapping[str, str], *, file: Path) -> None:
    """Strides cannot be told from tensors, and the untrained twin has the seed of the very first start."""
    for name in ("strides", "seed"):
        if name not in facts:
            continue
        told, wanted = getattr(Design.told_by(facts, file=file), name), getattr(settings, name)
        if told != wanted:
            msg = f"network.{name}: expected {told}, as network.start {file} has, got {wanted}"
            raise ExtractorError(msg)


def plain_weights(network: ResNet10) -> dict[str, Tensor]:
    """What the network has become, as an extractor loads it: contiguous, on the CPU, norms of weights worked in."""
    tensors: dict[str, Tensor] = {}
    for name, tensor in network.state_dict().items():
        owner, parametrised, _ = name.partition(ORIGINAL)
        if parametrised:
            # What the parametrisation makes of the parameter.
            tensors[f"{owner}.weight"] = getattr(network.get_submodule(owner), "weight")  # noqa: B009 - of unknown type
        else:
            tensors[name] = tensor
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}


def exported(
    network: ResNet10, config: TrainingConfig, *, recipe: str, neighbourhood: int | None = None
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors of a network and what its file says of itself, for ``ResNet10Extractor``.

    Args:
        network: as it has become.
        config: how it was trained.
        recipe: by what.
        neighbourhood: over which its joined features are averaged; ``None`` as the settings say.
    """
    settings = config.network
    design = Design(
        strides=settings.strides,
        layers=settings.layers,
        image_size=settings.image_size or config.episode.image_size,
        neighbourhood=neighbourhood or settings.neighbourhood,
        seed=settings.seed,
    )
    return plain_weights(network), design.facts(recipe=recipe) | {"config": config.digest}
