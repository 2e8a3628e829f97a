from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from tenshot.detectors.framed import Method
from tenshot.detectors.pca_residual import PcaResidual, PcaSettings
from tenshot.features import ResNet10Extractor


@pytest.fixture(scope="module")
def extractor() -> ResNet10Extractor:
    return ResNet10Extractor(layers=(0, 1))


def pca(extractor: ResNet10Extractor, **subspace: Any) -> PcaResidual:
    settings = {"subspace": subspace, "scoring": {"smoothing": 0, "worst_share": 0.25}}
    return PcaResidual(extractor, PcaSettings.model_validate(settings))


def features(count: int, *, dimensions: int = 12, seed: int = 0) -> torch.Tensor:
    """Values whose variances fall from direction to direction."""
    values = torch.randn(count, dimensions, 6, 5, generator=torch.Generator().manual_seed(seed))
    mixing = torch.linalg.qr(torch.randn(dimensions, dimensions, generator=torch.Generator().manual_seed(9)))[0]
    return 1 + torch.einsum("de,e,behw->bdhw", mixing, 0.7 ** torch.arange(dimensions), values)


def rows(values: torch.Tensor) -> np.ndarray:
    return values.permute(0, 2, 3, 1).reshape(-1, values.shape[1]).double().numpy()


@pytest.mark.parametrize("variance", [0.3, 0.8, 0.95, 0.999])
@pytest.mark.parametrize("shots", [1, 4])
def test_residuals_equal_scikit_learns(extractor: ResNet10Extractor, shots: int, variance: float) -> None:
    support, queries = features(shots), features(2, seed=1)
    learned = pca(extractor, variance=variance).fit(support)
    reference = PCA(n_components=variance, svd_solver="full").fit(rows(support))
    assert learned.basis.shape == (12, reference.n_components_)
    left = rows(queries) - reference.inverse_transform(reference.transform(rows(queries)))
    expected = np.linalg.norm(left, axis=1).reshape(2, 6, 5)
    np.testing.assert_allclose(learned.residuals(queries).numpy(), expected, atol=1e-5)


def test_what_lies_in_the_subspace_leaves_nothing(extractor: ResNet10Extractor) -> None:
    plane = torch.linalg.qr(torch.randn(12, 2, generator=torch.Generator().manual_seed(0)))[0]
    codes = torch.randn(3, 2, 6, 5, generator=torch.Generator().manual_seed(1))
    inside = torch.einsum("dq,bqhw->bdhw", plane, codes)
    learned = pca(extractor, variance=0.999999).fit(inside)
    assert learned.basis.shape == (12, 2)
    assert learned.residuals(inside).max() < 1e-5
    outside = torch.linalg.svd(plane.T)[2][-1]
    moved = learned.residuals(inside + 3 * outside.view(1, 12, 1, 1))
    torch.testing.assert_close(moved, torch.full((3, 6, 5), 3.0), atol=1e-4, rtol=0)


def test_the_score_is_the_mean_of_the_worst_share(extractor: ResNet10Extractor) -> None:
    learned = pca(extractor, variance=0.8).fit(features(2))
    queries = features(3, seed=1)
    scores, maps = learned.judge(queries, size=(6, 5))
    ordered = np.sort(learned.residuals(queries).flatten(1).numpy(), axis=1)
    np.testing.assert_allclose(scores.numpy(), ordered[:, -8:].mean(axis=1), rtol=1e-5)
    torch.testing.assert_close(maps, learned.residuals(queries))


def test_leaving_out_by_subtraction_equals_fitting_anew(extractor: ResNet10Extractor) -> None:
    method, support = pca(extractor, variance=0.9), 100 + features(5)
    quick, slow = list(method.held_out(support)), list(Method.held_out(method, support))
    assert [index for _, index in quick] == [index for _, index in slow] == [0, 1, 2, 3, 4]
    for (ours, index), (anew, _) in zip(quick, slow, strict=True):
        query = support[index : index + 1]
        torch.testing.assert_close(ours.residuals(query), anew.residuals(query), atol=1e-4, rtol=1e-4)


def test_identical_features_everywhere_are_no_division_by_zero(extractor: ResNet10Extractor) -> None:
    flat = torch.ones(3, 12, 6, 5)
    scores, maps = pca(extractor).fit(flat).judge(flat, size=(12, 10))
    assert scores.tolist() == [0, 0, 0]
    assert not maps.any()


def test_directions_do_not_know_how_strong_a_feature_is(extractor: ResNet10Extractor) -> None:
    frames = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    seen = pca(extractor, normalise=True).represent(frames)
    torch.testing.assert_close(seen.norm(dim=1), torch.ones(2, 8, 8))
    assert pca(extractor, normalise=False).represent(frames).norm(dim=1).std() > 0.1
