"""Extractors of every kind, each built once: they are frozen."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest
import timm
import torch
from safetensors.torch import save_file

from tenshot.core.config import ExtractorConfig
from tenshot.features import build_extractor
from tenshot.features.adapter import AdaptedExtractor, Adapter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tenshot.features import Extractor

OWN_SOURCE = {"efficientnet_lite0", "resnet10", "tenshot_resnet10", "tenshot_resnet10_untrained"}
ADAPTED = "+adapter"
DINO = "vit_small_patch14_dinov2"


def _bent(inner: Extractor) -> AdaptedExtractor:
    adapter = Adapter(inner.spec.channels, rank=2)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in adapter.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.3)
    return AdaptedExtractor(inner, adapter, recipe="bent")


@pytest.fixture(scope="session")
def local_weights(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Saves random weights of a timm network, as somebody without a network connection would have them."""
    folder = tmp_path_factory.mktemp("weights")

    @functools.cache
    def save(name: str) -> Path:
        with torch.random.fork_rng(devices=[]):
            state = timm.create_model(name).state_dict()
        file = folder / f"{name}.safetensors"
        save_file(state, file)
        return file

    return save


@pytest.fixture(scope="session")
def extractor_of(
    local_weights: Callable[..., Path], request: pytest.FixtureRequest
) -> Callable[[str, tuple[int, ...] | None], Extractor]:
    """Builds extractors by name and layers; ``NAME+adapter`` for one whose features are bent and unevenly weighted."""

    @functools.cache
    def build(name: str, layers: tuple[int, ...] | None = None) -> Extractor:
        if name.endswith(ADAPTED):
            return _bent(build(name.removesuffix(ADAPTED), layers))
        weights = None
        if name == DINO:
            weights = request.getfixturevalue("dino_weights")
        elif name not in OWN_SOURCE:
            weights = local_weights(name)
        return build_extractor(ExtractorConfig(name=name, layers=layers, weights=weights))

    return build
