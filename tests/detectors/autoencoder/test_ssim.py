from __future__ import annotations

import numpy as np
import torch
from torch.autograd import gradcheck

from tenshot.detectors.autoencoder.ssim import ssim_map


def pictures(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def by_the_book(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Eq. 13 of Wang et al. (2004) window by window: 11 x 11 Gaussian weights with a deviation of 1.5."""
    offsets = np.arange(-5, 6)
    line = np.exp(-(offsets**2) / (2 * 1.5**2))
    weights = np.outer(line, line) / np.outer(line, line).sum()
    x_wide, y_wide = (np.pad(each, 5, mode="reflect") for each in (x, y))
    similarity = np.empty_like(x)
    for row, column in np.ndindex(*x.shape):
        a, b = (wide[row : row + 11, column : column + 11] for wide in (x_wide, y_wide))
        mean_a, mean_b = (weights * a).sum(), (weights * b).sum()
        variance_a, variance_b = (weights * (a - mean_a) ** 2).sum(), (weights * (b - mean_b) ** 2).sum()
        covariance = (weights * (a - mean_a) * (b - mean_b)).sum()
        numerator = (2 * mean_a * mean_b + 0.01**2) * (2 * covariance + 0.03**2)
        similarity[row, column] = numerator / ((mean_a**2 + mean_b**2 + 0.01**2) * (variance_a + variance_b + 0.03**2))
    return similarity


def test_it_equals_the_definition_at_every_pixel() -> None:
    x, y = pictures(2, 3, 20, 27), pictures(2, 3, 20, 27, seed=1)
    y = 0.7 * x + 0.3 * y
    expected = np.stack(
        [
            np.mean([by_the_book(a.double().numpy(), b.double().numpy()) for a, b in zip(*pair, strict=True)], axis=0)
            for pair in zip(x, y, strict=True)
        ]
    )
    np.testing.assert_allclose(ssim_map(x, y).numpy(), expected, atol=2e-5)


def test_a_picture_is_like_itself_and_unlike_its_negative() -> None:
    x = pictures(1, 3, 32, 32)
    torch.testing.assert_close(ssim_map(x, x), torch.ones(1, 32, 32))
    assert ssim_map(x, 1 - x).max() < 0
    flat = torch.full((1, 3, 32, 32), 0.9)
    torch.testing.assert_close(ssim_map(flat, flat), torch.ones(1, 32, 32), atol=1e-3, rtol=0)


def test_its_gradient_is_that_of_the_map() -> None:
    x, y = (pictures(1, 1, 12, 12, seed=seed).double() for seed in (0, 1))
    assert gradcheck(lambda moved: ssim_map(x, moved), y.requires_grad_())
