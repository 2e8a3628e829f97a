from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from tenshot.coding import local_codes


def offsets(positions: int, atoms: int, dims: int, seed: int = 0) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(seed).normal(size=(positions, atoms, dims)))


@pytest.mark.parametrize(("atoms", "dims"), [(5, 8), (8, 3), (1, 4)])
def test_codes_minimise_what_they_promise(atoms: int, dims: int) -> None:
    seen = offsets(3, atoms, dims)
    for each, codes in zip(seen.numpy(), local_codes(seen, ridge=0.1).numpy(), strict=True):
        penalty = 0.1 * np.square(each).sum(axis=1)

        def cost(weights: np.ndarray, each: np.ndarray = each, penalty: np.ndarray = penalty) -> float:
            return float(np.square(weights @ each).sum() + penalty @ np.square(weights))

        whole = {"type": "eq", "fun": lambda weights: weights.sum() - 1}
        best = minimize(cost, np.full(atoms, 1 / atoms), constraints=[whole], method="SLSQP", tol=1e-14)
        assert cost(codes) <= best.fun + 1e-6
        assert codes.sum() == pytest.approx(1)


def test_towards_no_ridge_a_feature_among_its_atoms_is_explained() -> None:
    corners = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    z = torch.tensor([0.2, 0.3], dtype=torch.float64)
    codes = local_codes((corners - z)[None], ridge=1e-9)
    torch.testing.assert_close(codes[0], torch.tensor([0.5, 0.2, 0.3], dtype=torch.float64), atol=1e-6, rtol=0)


def test_towards_an_endless_ridge_codes_are_inverse_to_squared_distances() -> None:
    seen = offsets(2, 4, 6)
    inverse = 1 / seen.square().sum(dim=2)
    expected = inverse / inverse.sum(dim=1, keepdim=True)
    torch.testing.assert_close(local_codes(seen, ridge=1e9), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("scale", [0.0, 1e-6, 1e4])
def test_single_precision_survives_every_scale(scale: float) -> None:
    codes = local_codes(scale * offsets(2, 20, 16).float())
    assert codes.isfinite().all()
    torch.testing.assert_close(codes.sum(dim=1), torch.ones(2))


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_more_atoms_than_dimensions_and_one_of_them_the_feature_are_survived(scale: float) -> None:
    seen = scale * offsets(3, 20, 4).float()
    seen[:, 7:10] = 0
    codes = local_codes(seen)
    assert codes.isfinite().all()
    assert (codes[:, None] @ seen).abs().max() < 1e-3 * scale


def test_an_atom_that_equals_the_feature_takes_all() -> None:
    seen = offsets(1, 4, 6)
    seen[0, 2] = 0
    codes = local_codes(seen)[0]
    assert codes.argmax() == 2
    assert codes[2] > 0.9999


def test_gradients_are_right() -> None:
    assert torch.autograd.gradcheck(local_codes, (offsets(2, 3, 4).requires_grad_(),))
