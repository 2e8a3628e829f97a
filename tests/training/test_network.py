from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from tenshot.core.config import CodingConfig, DetectorConfig
from tenshot.core.errors import ExtractorError, MissingError
from tenshot.detectors.adaptive_energy.path import ScoringPath
from tenshot.features import ResNet10Extractor
from tenshot.features.design import Design
from tenshot.training.network import Embedding, SpectralNorm, build_network, plain_weights
from tenshot.training.settings import NetworkSettings

HERE = Path()


def pictures(count: int = 2, side: int = 64) -> torch.Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("settings", "coding"),
    [
        ({}, {}),
        ({"strides": (1, 2, 2, 2), "seed": 3}, {"receptive_field": 3}),
        ({"layers": (1, 2)}, {}),
        ({"layers": (0, 2, 4), "strides": (1, 2, 1, 1)}, {"normalise": False}),
    ],
)
def test_training_sees_what_a_detector_of_the_same_weights_sees(settings: Any, coding: Any) -> None:
    how, config = NetworkSettings(**settings), CodingConfig(method="full", **coding)
    network = build_network(how, base=HERE)
    for parameter in network.parameters():  # as if trained
        parameter.data += 0.01
    extractor = ResNet10Extractor(layers=how.layers, strides=how.strides, weights=plain_weights(network))
    path = ScoringPath(extractor, DetectorConfig(coding=config))
    embedding = Embedding(network, settings=how, coding=config)
    torch.testing.assert_close(embedding(pictures()), path.atoms_of(path.embed(pictures())))
    rows, columns = embedding.grid((64, 64))
    assert embedding(pictures()).shape[1] == rows * columns
    assert tuple(extractor.spec.strides) == how.layer_strides
    assert tuple(extractor.spec.channels) == how.channels
    assert extractor.spec.multiple == how.multiple


def test_only_what_features_depend_on_is_trained() -> None:
    how = NetworkSettings(layers=(1, 2))
    embedding = Embedding(build_network(how, base=HERE), settings=how, coding=CodingConfig(method="full"))
    embedding(pictures()).square().sum().backward()
    reached = {id(parameter) for parameter in embedding.parameters() if parameter.grad is not None}
    assert {id(parameter) for parameter in embedding.used()} == reached
    assert len(reached) < len(list(embedding.parameters()))


def test_the_start_is_that_of_the_seed_or_of_a_file(tmp_path: Path) -> None:
    before = torch.get_rng_state()
    network = build_network(NetworkSettings(seed=5), base=HERE)
    assert torch.equal(before, torch.get_rng_state())
    save_file(plain_weights(network), tmp_path / "start.safetensors")
    again = build_network(NetworkSettings(start=Path("start.safetensors"), seed=1), base=tmp_path)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name])


def test_a_start_that_is_not_there_or_of_another_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"weights .*nothing\.safetensors"):
        build_network(NetworkSettings(start=Path("nothing.safetensors")), base=tmp_path)
    save_file({"x": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(ExtractorError, match=r"network\.start .*other.* expected the weights of a resnet10"):
        build_network(NetworkSettings(start=Path("other.safetensors")), base=tmp_path)


def test_the_spectral_norm_is_that_of_a_decomposition_and_has_a_gradient() -> None:
    weight = torch.randn(8, 4, 3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    norm = SpectralNorm()
    exact = weight / torch.linalg.matrix_norm(weight.flatten(1), ord=2)
    torch.testing.assert_close(norm(weight), exact, atol=0, rtol=0.02)
    assert torch.equal(norm(weight), norm(weight))
    weight.requires_grad_()
    # d(W / sigma) = dW / sigma - W <uv', dW> / sigma^2: orthogonal to W itself, on which the result does not depend.
    (gradient,) = torch.autograd.grad(norm(weight).sin().sum(), weight)
    assert abs(float((gradient * weight.detach()).sum())) < 1e-9 * float(gradient.norm())


def test_spectral_norms_are_worked_into_the_weights_that_are_given_away() -> None:
    how = NetworkSettings(spectral_norm=True)
    network = build_network(how, base=HERE)
    weights = plain_weights(network)
    plain = ResNet10Extractor(strides=how.strides, weights=weights)
    expected = network(2 * pictures() - 1)[-1]
    torch.testing.assert_close(plain(pictures())[0], expected)
    assert float(torch.linalg.matrix_norm(weights["head.weight"].flatten(1), ord=2)) == pytest.approx(1, rel=0.1)
    assert all(tensor.is_contiguous() and not tensor.requires_grad for tensor in weights.values())
    # What is trained went on untouched.
    assert torch.equal(expected, network(2 * pictures() - 1)[-1])


@pytest.mark.parametrize(("changes", "named"), [({"strides": (1, 2, 2, 2)}, "strides"), ({"seed": 1}, "seed")])
def test_a_start_of_other_strides_or_another_seed_is_refused(
    changes: dict[str, Any], named: str, tmp_path: Path
) -> None:
    start = Path("start.safetensors")
    facts = Design(strides=(1, 2, 2, 1), seed=0).facts(recipe="distil")
    save_file(plain_weights(build_network(NetworkSettings(), base=tmp_path)), tmp_path / start, metadata=facts)
    build_network(NetworkSettings(start=start), base=tmp_path)
    with pytest.raises(ExtractorError, match=rf"network\.{named}: expected .*start\.safetensors has, got"):
        build_network(NetworkSettings(start=start, **changes), base=tmp_path)
