from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from tenshot.energy import gaussian_blur, gradient_map, upsample, worst_mean


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(seed).random(shape))


def test_the_gradient_map_is_that_of_finite_differences() -> None:
    kernel = random(4, 3, 3, 3) - 0.5
    images = random(2, 3, 6, 5, seed=1)

    def summed(x: torch.Tensor) -> torch.Tensor:
        return torch.conv2d(x, kernel).tanh().square().sum(dim=(1, 2, 3))

    maps = gradient_map(summed, images)
    assert maps.shape == (2, 6, 5)
    for b, y, x in [(0, 0, 0), (0, 3, 2), (1, 5, 4), (1, 2, 1)]:
        slopes = []
        for channel in range(3):
            step = torch.zeros_like(images)
            step[b, channel, y, x] = 1e-6
            slopes.append(float(summed(images + step)[b] - summed(images - step)[b]) / 2e-6)
        assert float(maps[b, y, x]) == pytest.approx(np.abs(slopes).sum(), rel=1e-5)


def test_an_image_does_not_feel_what_it_is_batched_with() -> None:
    images = random(3, 3, 4, 4)
    together = gradient_map(lambda x: x.pow(3).sum(dim=(1, 2, 3)), images)
    torch.testing.assert_close(together, 3 * images.square().sum(dim=1))


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_the_gradient_map_works_where_gradients_are_off(mode: type[torch.no_grad]) -> None:
    with mode():
        images = random(1, 3, 4, 4)
        maps = gradient_map(lambda x: x.square().sum(dim=(1, 2, 3)), images)
        assert not torch.is_grad_enabled()
    assert not maps.requires_grad
    torch.testing.assert_close(maps.clone(), 2 * images.clone().sum(dim=1))


def test_the_gradient_map_leaves_images_as_they_are() -> None:
    images = random(1, 3, 4, 4)
    before = images.clone()
    gradient_map(lambda x: x.square().sum(dim=(1, 2, 3)), images)
    assert torch.equal(images, before)
    assert images.grad is None
    assert not images.requires_grad


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.3, 4.0])
@pytest.mark.parametrize("shape", [(40, 40), (17, 31)])
def test_the_blur_is_scipys(sigma: float, shape: tuple[int, int]) -> None:
    maps = random(2, *shape)
    expected = [
        ndimage.gaussian_filter(each, sigma, mode="mirror", radius=math.ceil(3 * sigma)) for each in maps.numpy()
    ]
    np.testing.assert_allclose(gaussian_blur(maps, sigma).numpy(), expected, rtol=1e-10)


def test_a_sigma_of_zero_changes_nothing() -> None:
    maps = random(1, 5, 5)
    assert torch.equal(gaussian_blur(maps, 0), maps)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 2), (8, 8)])
def test_maps_smaller_than_the_kernel_are_smoothed_all_the_same(shape: tuple[int, int]) -> None:
    maps = random(1, *shape)
    smooth = gaussian_blur(maps, 4.0)
    assert smooth.shape == maps.shape
    assert smooth.min() >= maps.min() - 1e-12
    assert smooth.max() <= maps.max() + 1e-12
    torch.testing.assert_close(gaussian_blur(torch.ones_like(maps), 4.0), torch.ones_like(maps))


def test_a_position_stands_at_the_centre_of_its_pixels() -> None:
    maps = torch.zeros(1, 4, 6)
    maps[0, 1, 4] = 1
    large = upsample(maps, (32, 48))[0].double().numpy()
    y, x = ndimage.center_of_mass(large)
    assert (y, x) == pytest.approx((1.5 * 8 - 0.5, 4.5 * 8 - 0.5))


def test_upsampling_draws_straight_lines_between_centres() -> None:
    ramp = torch.arange(6.0).expand(1, 3, 6)
    line = upsample(ramp, (12, 24))[0, 5]
    centres = (torch.arange(24) + 0.5) / 4 - 0.5
    torch.testing.assert_close(line, centres.clamp(0, 5))


@pytest.mark.parametrize("size", [(3, 4), (7, 9), (24, 32)])
def test_upsampling_keeps_the_range(size: tuple[int, int]) -> None:
    maps = random(2, 3, 4).float()
    large = upsample(maps, size)
    assert large.shape == (2, *size)
    assert maps.min() - 1e-6 <= large.min()
    assert large.max() <= maps.max() + 1e-6
    if size == (3, 4):
        torch.testing.assert_close(large, maps)


@pytest.mark.parametrize("sigma", [0.0, 1.5, 4.0])
def test_upsampling_and_smoothing_in_one_go_are_the_two_in_turn(sigma: float) -> None:
    maps = random(2, 5, 7).float()
    one_go = upsample(maps, (20, 28), sigma=sigma)
    torch.testing.assert_close(one_go, gaussian_blur(upsample(maps, (20, 28)), sigma), atol=1e-6, rtol=1e-5)


@given(st.lists(st.floats(0, 100, width=32), min_size=1, max_size=40), st.floats(0.001, 1))
def test_the_worst_mean_is_that_of_the_largest_share(values: list[float], share: float) -> None:
    count = max(1, round(share * len(values)))
    expected = np.mean(sorted(values, reverse=True)[:count])
    assert float(worst_mean(torch.tensor([values]), share)) == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_the_worst_mean_counts_only_what_is_inside() -> None:
    values = torch.tensor([[5.0, 4.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    inside = torch.tensor([[1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    assert worst_mean(values, 0.5, inside=inside).tolist() == [5.0, 0.5, 0.0]
    assert worst_mean(values, 1.0, inside=inside).tolist() == [4.5, 0.25, 0.0]
    assert worst_mean(values, 0.5, inside=torch.ones(1, 1)).tolist() == worst_mean(values, 0.5).tolist()
