from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tenshot.detectors.padim import GaussianNormality, Padim, PadimSettings
from tenshot.features import ResNet10Extractor


@pytest.fixture(scope="module")
def extractor() -> ResNet10Extractor:
    return ResNet10Extractor(layers=(0, 1))


def padim(extractor: ResNet10Extractor, *, seed: int = 0, **gaussian: Any) -> Padim:
    settings = {"gaussian": gaussian, "scoring": {"smoothing": 0}}
    return Padim(extractor, PadimSettings.model_validate(settings), seed=seed)


def features(count: int, *, dimensions: int = 20, seed: int = 0) -> torch.Tensor:
    """Correlated values whose spread differs from place to place."""
    random = torch.Generator().manual_seed(seed)
    mixing = torch.randn(dimensions, dimensions, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    values = torch.randn(count, dimensions, 3, 4, generator=random, dtype=torch.float64)
    return torch.einsum("de,behw->bdhw", mixing, values) * torch.linspace(0.1, 3, 12).view(3, 4)


def mahalanobis(support: np.ndarray, queries: np.ndarray, ridge: float) -> np.ndarray:
    """As printed: the inverse of every covariance, position by position."""
    count, dimensions, height, width = support.shape
    distances = np.zeros((len(queries), height, width))
    for y, x in np.ndindex(height, width):
        shots = support[:, :, y, x]
        covariance = ridge * np.eye(dimensions)
        if count > 1:
            covariance += np.cov(shots, rowvar=False)
        for number, query in enumerate(queries[:, :, y, x]):
            deviation = query - shots.mean(axis=0)
            distances[number, y, x] = np.sqrt(deviation @ np.linalg.inv(covariance) @ deviation)
    return distances


@pytest.mark.parametrize("ridge", [0.01, 1.0])
@pytest.mark.parametrize("shots", [1, 2, 5, 19, 20, 40])
def test_distances_equal_the_direct_inverse(extractor: ResNet10Extractor, shots: int, ridge: float) -> None:
    support, queries = features(shots), features(3, seed=1)
    learned = padim(extractor, ridge=ridge).fit(support)
    expected = mahalanobis(support.numpy(), queries.numpy(), ridge)
    np.testing.assert_allclose(learned.distances(queries).numpy(), expected, rtol=1e-8)


def test_features_in_single_precision_are_enough(extractor: ResNet10Extractor) -> None:
    support, queries = features(10, dimensions=100), features(4, dimensions=100, seed=1)
    learned = padim(extractor).fit(support.float())
    expected = mahalanobis(support.numpy(), queries.numpy(), 0.01)
    np.testing.assert_allclose(learned.distances(queries.float()).numpy(), expected, rtol=1e-4)
    own = learned.distances(support.float()).numpy()
    assert own.dtype == np.float32
    np.testing.assert_allclose(own, mahalanobis(support.numpy(), support.numpy(), 0.01), rtol=1e-4)


def test_the_score_is_the_largest_distance(extractor: ResNet10Extractor) -> None:
    learned = padim(extractor).fit(features(4))
    queries = features(3, seed=1)
    scores, maps = learned.judge(queries, size=(24, 32))
    assert scores.tolist() == learned.distances(queries).flatten(1).max(dim=1).values.tolist()
    assert maps.shape == (3, 24, 32)
    flat = learned.judge(queries, size=(3, 4))[1]
    torch.testing.assert_close(flat, learned.distances(queries))


def test_no_distance_is_below_zero_by_rounding() -> None:
    rows = torch.eye(4).double()[None, None, :2] * (1 + 1e-9)
    learned = GaussianNormality(torch.zeros(1, 1, 4).double(), rows, 0.01, PadimSettings().scoring)
    assert learned.distances(torch.tensor([1.0, 1, 0, 0]).view(1, 4, 1, 1)).tolist() == [[[0]]]


def test_channels_are_drawn_by_the_seed(extractor: ResNet10Extractor) -> None:
    drawn = [padim(extractor, seed=seed, dimensions=30).channels for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == 30
    assert set(drawn[0]) <= set(range(sum(extractor.spec.channels)))


def test_all_channels_are_kept_if_there_are_few(extractor: ResNet10Extractor) -> None:
    assert padim(extractor, dimensions=1000).channels == tuple(range(sum(extractor.spec.channels)))


def test_it_sees_the_drawn_channels(extractor: ResNet10Extractor) -> None:
    frames = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    few, every = padim(extractor, dimensions=7), padim(extractor, dimensions=1000)
    assert torch.equal(few.represent(frames), every.represent(frames)[:, list(few.channels)])


def test_the_seed_is_among_the_settings(extractor: ResNet10Extractor) -> None:
    assert padim(extractor, seed=5).settings["seed"] == 5
