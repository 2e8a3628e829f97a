"""Nothing but the weights may tell it from the paper's reading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tenshot.core.config import ExtractorConfig
from tenshot.core.errors import InputError
from tenshot.detectors.entries import Materials
from tenshot.detectors.registry import find_entry
from tenshot.features import ResNet10Extractor, build_extractor
from tenshot.features.resnet10 import ResNet10

if TYPE_CHECKING:
    from pathlib import Path

    from tenshot import Detector
    from tenshot.core.types import Image
    from tenshot.features import Extractor

STRIDES = (1, 2, 2, 1)


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    """Of a network that is not its start."""
    random = torch.Generator().manual_seed(5)
    state = ResNet10(strides=STRIDES, seed=0).state_dict()
    return {name: value * (1 + 0.3 * torch.rand(value.shape, generator=random)) for name, value in state.items()}


def detector_of(name: str, network: Extractor | None = None, **given: Any) -> Detector:
    def never(_: ExtractorConfig) -> Extractor:
        assert network is not None, "it has its own"
        return network

    return find_entry(name).build(Materials(extractors=never, **given))  # type: ignore[return-value]


@pytest.mark.parametrize("trained", [True, False])
def test_it_judges_as_the_paper_does_on_the_same_network(
    trained: bool, weights: dict[str, torch.Tensor], images: list[Image]
) -> None:
    own = weights if trained else None
    ours = detector_of("episodic", trained=own)
    same = ResNet10Extractor(weights=own, strides=STRIDES, seed=0)
    paper = detector_of("paper", same)
    assert ours.settings == paper.settings
    (found,), (expected,) = (each.adapt(images[:3]).predict(images[4]) for each in (ours, paper))
    assert (found.score, found.threshold) == (expected.score, expected.threshold)
    assert np.array_equal(found.anomaly_map, expected.anomaly_map)
    assert found.anomaly_map.shape == (128, 128)


def test_the_seed_is_that_of_the_start(images: list[Image]) -> None:
    first, second = (detector_of("episodic", seed=seed).adapt(images[:2]).predict(images[4])[0] for seed in (0, 1))
    assert first.score != second.score


def test_another_network_is_refused() -> None:
    for given in ({"extractor": "resnet10"}, {"changes": {"extractor": {"layers": [1]}}}):
        with pytest.raises(InputError, match="extractor: expected none, because this detector trains its own, got"):
            detector_of("episodic", **given)


def test_settings_of_the_paper_can_be_varied() -> None:
    detector = detector_of("episodic", changes={"coding": {"shrinkage": "soft"}, "detector": {"image_size": 64}})
    assert (detector.config.coding.shrinkage, detector.config.coding.method) == ("soft", "full")
    assert detector.config.image_size == 64


def test_what_it_learned_is_an_extractor_by_the_facts_of_its_file(
    weights: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    save_file(weights, tmp_path / "w.safetensors", metadata=dict(find_entry("episodic").facts))
    extractor = build_extractor(ExtractorConfig(name="tenshot_resnet10", weights=tmp_path / "w.safetensors"))
    own = detector_of("episodic", trained=weights).extractor
    assert (extractor.spec.grid_stride, extractor.spec.layers, extractor.spec.image_size) == (16, (4,), 128)
    assert extractor.spec.weights == own.spec.weights
    twin = build_extractor(ExtractorConfig(name="tenshot_resnet10_untrained", weights=tmp_path / "w.safetensors"))
    assert twin.spec.weights == detector_of("episodic").extractor.spec.weights
