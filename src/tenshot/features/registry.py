"""The one factory that turns a configuration into an extractor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from tenshot.core.errors import InputError
from tenshot.features.adapter_file import adapted_by
from tenshot.features.design import Design
from tenshot.features.names import RESNET10, TENSHOT_RESNET10, UNTRAINED_TWIN
from tenshot.features.resnet10 import ResNet10Extractor
from tenshot.features.shipped import adapter_of, shipped_weights
from tenshot.features.timm_extractor import TimmExtractor
from tenshot.features.weights import read_tensors

if TYPE_CHECKING:
    from pathlib import Path

    from tenshot.core.config import ExtractorConfig
    from tenshot.features.base import Extractor

__all__ = ["build_extractor"]


@torch.inference_mode(mode=False)
def build_extractor(config: ExtractorConfig, *, device: str = "cpu") -> Extractor:
    """Builds the extractor a configuration names, on a torch device.

    Raises:
        ExtractorError: unknown name, layers that do not exist, weights of another network, an adapter for something
            else.
        MissingError: weights or an adapter that are not there.
        InputError: a device that is not there.
    """
    extractor = _build(config)
    try:
        return extractor.to(torch.device(device))
    except (RuntimeError, AssertionError) as error:
        msg = f"device {device!r}: not available on this machine ({str(error).splitlines()[0]})"
        raise InputError(msg) from error


def _build(config: ExtractorConfig) -> Extractor:
    file = adapter_of(config)
    network = _network(config)
    return network if file is None else adapted_by(file, network)


def _network(config: ExtractorConfig) -> Extractor:
    if config.name == RESNET10:
        return _resnet10(config, config.weights)
    if config.name in {TENSHOT_RESNET10, UNTRAINED_TWIN}:
        return _resnet10(config, config.weights or shipped_weights(config.name))
    return TimmExtractor(config.name, layers=config.layers, weights=config.weights)


def _resnet10(config: ExtractorConfig, file: Path | None) -> ResNet10Extractor:
    weights, facts = (None, {}) if file is None else read_tensors(file)
    design = Design() if file is None else Design.told_by(facts, file=file)
    return ResNet10Extractor(
        name=config.name,
        layers=config.layers or design.layers,
        # The twin is the network that a file describes, as it was before training.
        weights=None if config.name == UNTRAINED_TWIN else weights,
        strides=design.strides,
        image_size=design.image_size,
        neighbourhood=design.neighbourhood,
        seed=design.seed,
    )
