from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tenshot.sampling import energy_gradient, langevin


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.tensor(np.random.default_rng(seed).random(shape))


def bowl(x: Tensor, stiffness: float = 2.0) -> Tensor:
    """E = k/2 ‖x‖²: the walk is an autoregression, of which everything is known."""
    return stiffness / 2 * x.square().sum(dim=(1, 2, 3))


def network_energy(weight: Tensor, x: Tensor) -> Tensor:
    return torch.conv2d(x, weight).tanh().square().sum(dim=(1, 2, 3))


def test_one_step_by_hand() -> None:
    start = draw(2, 3, 4, 4)
    omega = torch.randn(start.shape, generator=generator(5), dtype=torch.float64)
    first, second = langevin(bowl, start, steps=1, step_size=0.1, noise=0.01, generator=generator(5))
    assert first is start
    torch.testing.assert_close(second, start - 0.1 * 2 * start + 0.01 * omega)


def test_without_noise_a_quadratic_energy_is_descended_geometrically() -> None:
    start = draw(1, 3, 4, 4)
    pictures = langevin(bowl, start, steps=6, step_size=0.05, noise=0, generator=generator())
    assert len(pictures) == 7
    for step, picture in enumerate(pictures):
        torch.testing.assert_close(picture, (1 - 0.05 * 2) ** step * start)


@pytest.mark.parametrize(("step_size", "noise"), [(0.2, 0.05), (0.05, 0.3)])
def test_mean_and_variance_follow_the_autoregression(step_size: float, noise: float) -> None:
    start = torch.full((4, 3, 64, 64), 3.0, dtype=torch.float64)
    pictures = langevin(
        bowl, start, steps=60, step_size=step_size, noise=noise, generator=generator(), differentiable=False
    )
    decay = 1 - 2 * step_size
    for step in (1, 3, 10, 60):
        variance = noise**2 * (1 - decay ** (2 * step)) / (1 - decay**2)
        assert float(pictures[step].var()) == pytest.approx(variance, rel=0.03)
        assert float(pictures[step].mean()) == pytest.approx(3 * decay**step, abs=5 * (variance / start.numel()) ** 0.5)


def test_noise_of_the_right_size_samples_the_boltzmann_distribution() -> None:
    step_size, stiffness = 0.01, 4.0
    start = torch.zeros(2, 3, 64, 64, dtype=torch.float64)
    noise = (2 * step_size) ** 0.5
    *_, last = langevin(
        lambda x: bowl(x, stiffness),
        start,
        steps=200,
        step_size=step_size,
        noise=noise,
        generator=generator(),
        differentiable=False,
    )
    # exp(-E) has variance 1/k; the finite step adds a factor of 1 / (1 - k s / 2).
    assert float(last.var()) == pytest.approx(1 / stiffness / (1 - stiffness * step_size / 2), rel=0.03)


def test_gradients_are_right_through_two_steps() -> None:
    weight, start = (draw(2, 3, 2, 2) - 0.5).requires_grad_(), draw(1, 3, 3, 3, seed=1).requires_grad_()

    def walk(weight: Tensor, start: Tensor) -> Tensor:
        energy = partial(network_energy, weight)
        return langevin(energy, start, steps=2, step_size=0.3, generator=generator())[-1]

    assert torch.autograd.gradcheck(walk, (weight, start))


def test_gradients_are_right_through_a_normalised_step() -> None:
    weight, start = (draw(2, 3, 2, 2) - 0.5).requires_grad_(), draw(1, 3, 3, 3, seed=1).requires_grad_()
    energy = partial(network_energy, weight)
    # The scale is a constant by intent, which finite differences cannot know: a walk by hand is told so.
    gradient = energy_gradient(energy, start)
    by_hand = start - 0.3 * gradient / gradient.detach().square().mean().sqrt()
    _, walked = langevin(energy, start, steps=1, step_size=0.3, noise=0, generator=generator(), normalise=True)
    for mine, right in zip(
        torch.autograd.grad(walked.square().sum(), (weight, start)),
        torch.autograd.grad(by_hand.square().sum(), (weight, start)),
        strict=True,
    ):
        torch.testing.assert_close(mine, right)
        assert mine.abs().max() > 1e-3


def test_the_walk_feels_the_curvature_of_the_energy() -> None:
    # d/dθ of one step is the mixed second derivative: of E = θ ‖x‖² it is -2 step x, which no first-order path gives.
    theta = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    start = draw(1, 3, 2, 2)
    _, moved = langevin(
        lambda x: theta * x.square().sum(dim=(1, 2, 3)), start, steps=1, step_size=0.1, generator=generator()
    )
    (slope,) = torch.autograd.grad(moved.sum(), theta)
    torch.testing.assert_close(slope, -0.2 * start.sum())


def test_a_walk_that_need_not_be_differentiated_goes_the_same_way() -> None:
    weight, start = (draw(2, 3, 2, 2) - 0.5).requires_grad_(), draw(2, 3, 5, 5, seed=1).requires_grad_()
    kept, cut = (
        langevin(
            lambda x: network_energy(weight, x),
            start,
            steps=3,
            step_size=0.3,
            generator=generator(),
            differentiable=differentiable,
        )
        for differentiable in (True, False)
    )
    for one, other in zip(kept[1:], cut[1:], strict=True):
        assert torch.equal(one, other)
        assert one.requires_grad
        assert not other.requires_grad


@pytest.mark.parametrize("differentiable", [True, False])
def test_it_walks_where_gradients_are_off(differentiable: bool) -> None:
    start = draw(1, 3, 4, 4)
    with torch.no_grad():
        pictures = langevin(
            bowl, start, steps=2, step_size=0.1, noise=0, generator=generator(), differentiable=differentiable
        )
        assert not torch.is_grad_enabled()
    torch.testing.assert_close(pictures[-1], 0.64 * start)
    assert not pictures[-1].requires_grad


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_a_normalised_step_is_in_pixel_values_whatever_the_energy(scale: float) -> None:
    start = draw(3, 3, 6, 6) * torch.tensor([1.0, 10.0, 100.0], dtype=torch.float64).view(3, 1, 1, 1)
    _, moved = langevin(
        lambda x: scale * bowl(x), start, steps=1, step_size=0.02, noise=0, generator=generator(), normalise=True
    )
    moves = moved - start
    torch.testing.assert_close(moves.square().mean(dim=(1, 2, 3)).sqrt(), torch.full((3,), 0.02, dtype=torch.float64))
    cosines = torch.cosine_similarity(moves.flatten(1), -start.flatten(1))
    torch.testing.assert_close(cosines, torch.ones(3, dtype=torch.float64))


def test_a_flat_energy_moves_nothing() -> None:
    start = draw(2, 3, 4, 4)
    _, moved = langevin(
        lambda x: 0 * bowl(x), start, steps=1, step_size=1, noise=0, generator=generator(), normalise=True
    )
    assert torch.equal(moved, start)


def test_neither_mode_nor_gradients_nor_the_start_are_touched() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(), nn.Flatten())
    network[1].eval()
    modes = [module.training for module in network.modules()]
    start = draw(2, 3, 5, 5).float()
    before = start.clone()
    langevin(lambda x: network(x).square().sum(dim=1), start, steps=2, step_size=0.1, generator=generator())
    assert [module.training for module in network.modules()] == modes
    assert all(parameter.grad is None for parameter in network.parameters())
    assert torch.equal(start, before)
    assert not start.requires_grad


def test_the_generator_decides_the_noise() -> None:
    first, same, other = (
        langevin(bowl, draw(1, 3, 4, 4), steps=2, step_size=0.1, generator=generator(seed))[-1] for seed in (0, 0, 1)
    )
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_no_steps_are_the_start() -> None:
    start = draw(1, 3, 4, 4)
    assert langevin(bowl, start, steps=0, step_size=1, generator=generator()) == [start]


def test_the_gradient_of_the_energy_is_a_gradient() -> None:
    x = draw(2, 3, 4, 4)
    torch.testing.assert_close(energy_gradient(bowl, x), 2 * x)
    assert not x.requires_grad
    assert not energy_gradient(bowl, x, differentiable=False).requires_grad
    weight = (draw(2, 3, 2, 2) - 0.5).requires_grad_()
    assert energy_gradient(lambda x: network_energy(weight, x), x).requires_grad
