from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import torch

from tenshot.core.config import DetectorConfig, ExtractorConfig
from tenshot.detectors.adaptive_energy.path import ScoringPath
from tenshot.detectors.featured import FeatureMethod, FeatureSettings
from tenshot.features import ResNet10Extractor

if TYPE_CHECKING:
    from torch import Tensor

    from tenshot.detectors.framed import Normality


class Seeing(FeatureMethod):
    def fit(self, support: Tensor) -> Normality:
        raise NotImplementedError


@pytest.fixture(scope="module")
def extractor() -> ResNet10Extractor:
    return ResNet10Extractor(layers=(0, 1, 3))


@pytest.mark.parametrize("neighbourhood", [None, 1, 3, 5])
def test_it_sees_what_the_adaptive_energy_model_sees(extractor: ResNet10Extractor, neighbourhood: int | None) -> None:
    network = ExtractorConfig(name="resnet10", neighbourhood=neighbourhood)
    method = Seeing(extractor, FeatureSettings(extractor=network))
    path = ScoringPath(extractor, DetectorConfig(extractor=network))
    frames = torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    seen = method.represent(frames)
    assert seen.shape == (2, sum(extractor.spec.channels), 8, 12)
    assert torch.equal(seen, path.embed(frames))


@pytest.mark.parametrize(("asked", "size"), [(None, 128), (64, 64)])
def test_frames_have_the_size_asked_for_or_the_extractors_own(
    extractor: ResNet10Extractor, asked: int | None, size: int
) -> None:
    method = Seeing(extractor, FeatureSettings(image_size=asked))
    assert (method.image_size, method.multiple) == (size, extractor.spec.multiple)
    assert method.settings["image_size"] == size


def test_settings_name_the_network_by_what_it_is_and_no_folder(extractor: ResNet10Extractor) -> None:
    config: dict[str, Any] = {"name": "resnet10", "weights": "/somewhere/else.safetensors"}
    method = Seeing(extractor, FeatureSettings(extractor=config))
    plain = json.dumps(method.settings)
    assert extractor.spec.weights in plain
    assert "somewhere" not in plain
