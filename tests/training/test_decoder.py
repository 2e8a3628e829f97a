from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from tenshot.training import Decoder, initialise


def features(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, 256, 2, 2, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    return initialise(Decoder, torch.Generator().manual_seed(0))


def test_sides_double_five_times(decoder: Decoder) -> None:
    pictures, statistics = decoder(features(2))
    assert pictures.shape == (2, 3, 64, 64)
    assert [mean.numel() for mean, _ in statistics] == [128, 64, 32, 16]


def test_its_own_statistics_are_those_of_batch_normalisation(decoder: Decoder) -> None:
    """The same layers with torch's own batch normalisation in training mode."""
    z = features(4)
    found, statistics = decoder(z)
    expected = z
    for level, (rise, scale, shift) in enumerate(zip(decoder.rises, decoder.scales, decoder.shifts, strict=True)):
        expected = rise(expected)
        torch.testing.assert_close(statistics[level][0], expected.mean(dim=(0, 2, 3)))
        torch.testing.assert_close(statistics[level][1], expected.var(dim=(0, 2, 3), correction=0))
        expected = F.relu(F.batch_norm(expected, None, None, scale, shift, training=True))
    torch.testing.assert_close(found, decoder.last(expected), atol=1e-4, rtol=1e-4)


def test_with_given_statistics_company_does_not_matter(decoder: Decoder) -> None:
    _, statistics = decoder(features(3))
    queries = features(4, seed=1)
    together, given_back = decoder(queries, statistics)
    for (mean, variance), (same_mean, same_variance) in zip(statistics, given_back, strict=True):
        assert mean is same_mean
        assert variance is same_variance
    torch.testing.assert_close(together[1:2], decoder(queries[1:2], statistics)[0], atol=1e-5, rtol=1e-5)
    alone, _ = decoder(queries[1:2])
    assert (alone - together[1:2]).abs().max() > 0.01, "statistics matter"


def test_the_support_is_normalised_alike_either_way(decoder: Decoder) -> None:
    z = features(3)
    own, statistics = decoder(z)
    torch.testing.assert_close(decoder(z, statistics)[0], own)


def test_statistics_carry_gradients(decoder: Decoder) -> None:
    support = features(2).requires_grad_()
    _, statistics = decoder(support)
    pictures, _ = decoder(features(1, seed=1), statistics)
    (gradient,) = torch.autograd.grad(pictures.square().mean(), support)
    assert gradient.abs().max() > 0


def test_it_starts_with_faint_pictures_on_grey() -> None:
    decoder = initialise(Decoder, torch.Generator().manual_seed(0))
    decoder.start_grey()
    pictures, _ = decoder(features(4))
    assert pictures.mean().item() == pytest.approx(0.5, abs=0.05)
    assert 0.01 < pictures.std().item() < 0.3
