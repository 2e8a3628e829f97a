"""The one factory that turns a configuration into an extractor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from tenshot.core.errors import InputError
from tenshot.features.resnet10 import NAME as RESNET10
from tenshot.features.resnet10 import ResNet10Extractor
from tenshot.features.timm_extractor import TimmExtractor
from tenshot.features.weights import from_file

if TYPE_CHECKING:
    from tenshot.core.config import ExtractorConfig
    from tenshot.features.base import Extractor

__all__ = ["build_extractor"]


@torch.inference_mode(mode=False)
def build_extractor(config: ExtractorConfig, *, device: str = "cpu") -> Extractor:
    """Builds the extractor a configuration names, on a torch device.

    Raises:
        ExtractorError: unknown name, layers that do not exist, weights of another network.
        MissingError: weights that are not there.
        InputError: a device that is not there.
    """
    extractor = _build(config)
    try:
        return extractor.to(torch.device(device))
    except (RuntimeError, AssertionError) as error:
        msg = f"device {device!r}: not available on this machine ({str(error).splitlines()[0]})"
        raise InputError(msg) from error


def _build(config: ExtractorConfig) -> Extractor:
    if config.name == RESNET10:
        weights = from_file(config.weights) if config.weights else None
        return ResNet10Extractor(layers=config.layers, weights=weights)
    return TimmExtractor(config.name, layers=config.layers, weights=config.weights)
