from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tenshot.losses import direction, reconstruction, remaining


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(seed).random(shape))


def test_the_reconstruction_of_eq_11_by_hand() -> None:
    clean = torch.zeros(2, 1, 1, 2)
    sample = torch.tensor([[[[1.0, 3.0]]], [[[0.0, 2.0]]]])
    # MSE of 5 and of 2.
    assert float(reconstruction(sample, clean)) == 3.5


def test_what_remains_by_hand() -> None:
    clean = torch.zeros(3, 1, 1, 2)
    corrupted = torch.tensor([[[[2.0, 0.0]]], [[[0.0, 4.0]]], [[[1.0, 1.0]]]])
    sample = torch.tensor([[[[1.0, 0.0]]], [[[0.0, 0.0]]], [[[1.0, 2.0]]]])
    assert remaining(sample, corrupted, clean).tolist() == [0.25, 0.0, 2.5]


def test_nothing_done_is_all_that_remains() -> None:
    clean, corrupted = draw(4, 3, 5, 5), draw(4, 3, 5, 5, seed=1)
    torch.testing.assert_close(remaining(corrupted, corrupted, clean), torch.ones(4, dtype=torch.float64))
    halfway = (corrupted + clean) / 2
    torch.testing.assert_close(remaining(halfway, corrupted, clean), torch.full((4,), 0.25, dtype=torch.float64))


def test_a_corruption_that_changed_nothing_is_no_division_by_zero() -> None:
    clean = draw(2, 3, 5, 5)
    assert remaining(clean, clean, clean).tolist() == [0.0, 0.0]
    assert remaining(clean + 0.1, clean, clean).isfinite().all()
    torch.testing.assert_close(
        remaining(clean + 0.1, clean, clean, floor=0.1), torch.full((2,), 0.1, dtype=torch.float64)
    )


def test_the_direction_says_whether_the_energy_falls_towards_the_clean_picture() -> None:
    clean, corrupted = draw(1, 3, 4, 4), draw(1, 3, 4, 4, seed=1)
    # E = ‖x - q‖² has the gradient 2 (q̂ - q): going downhill leads straight to q.
    uphill = 2 * (corrupted - clean)
    assert float(direction(uphill, corrupted, clean)) == pytest.approx(0, abs=1e-12)
    assert float(direction(-uphill, corrupted, clean)) == pytest.approx(2)
    sideways = torch.zeros_like(clean)
    difference = corrupted - clean
    sideways[0, 0, 0, 0], sideways[0, 0, 0, 1] = difference[0, 0, 0, 1], -difference[0, 0, 0, 0]
    assert float(direction(sideways, corrupted, clean)) == pytest.approx(1)


def test_the_direction_by_hand() -> None:
    gradient = torch.tensor([3.0, 4.0]).view(1, 1, 1, 2)
    clean, corrupted = torch.zeros(1, 1, 1, 2), torch.tensor([1.0, 0.0]).view(1, 1, 1, 2)
    assert direction(gradient, corrupted, clean).tolist() == pytest.approx([1 - 0.6])


@given(st.floats(1e-8, 1e8), st.integers(0, 100))
def test_the_direction_does_not_know_the_scale_of_the_energy(scale: float, seed: int) -> None:
    gradient, corrupted, clean = (draw(2, 3, 4, 4, seed=seed + i) - 0.5 for i in range(3))
    torch.testing.assert_close(direction(scale * gradient, corrupted, clean), direction(gradient, corrupted, clean))


@pytest.mark.parametrize("silent", ["gradient", "corruption", "both"])
def test_without_a_direction_there_is_no_relation_and_no_infinite_gradient(silent: str) -> None:
    clean = draw(1, 3, 4, 4)
    corrupted = clean if silent != "gradient" else draw(1, 3, 4, 4, seed=1)
    gradient = draw(1, 3, 4, 4, seed=2) if silent == "corruption" else torch.zeros(1, 3, 4, 4, dtype=torch.float64)
    gradient.requires_grad_()
    loss = direction(gradient, corrupted, clean)
    assert loss.tolist() == [1.0]
    (slope,) = torch.autograd.grad(loss.sum(), gradient)
    assert slope.isfinite().all()


def test_gradients_are_right() -> None:
    sample, corrupted, clean = (draw(2, 3, 2, 2, seed=i).requires_grad_() for i in range(3))
    for loss in (direction, remaining):
        assert torch.autograd.gradcheck(loss, (sample, corrupted, clean))
    assert torch.autograd.gradcheck(reconstruction, (sample, clean))
