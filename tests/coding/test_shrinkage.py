from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from tenshot.coding import sigshrink, soft_shrink

VALUES = st.floats(-10, 10)
THRESHOLDS = st.floats(0, 5)
GRID = torch.linspace(-3, 3, 61, dtype=torch.float64)


@given(VALUES, THRESHOLDS)
def test_soft_shrinkage_by_its_definition(value: float, threshold: float) -> None:
    expected = math.copysign(max(abs(value) - threshold, 0), value)
    assert float(soft_shrink(torch.tensor(value, dtype=torch.float64), threshold)) == expected


def test_soft_shrinkage_is_torchs() -> None:
    torch.testing.assert_close(soft_shrink(GRID, 0.7), F.softshrink(GRID, 0.7))


@given(VALUES, THRESHOLDS, st.floats(0.1, 50))
def test_sigshrink_by_its_definition(value: float, threshold: float, sharpness: float) -> None:
    expected = value / (1 + math.exp(-sharpness * (abs(value) - threshold)))
    shrunk = sigshrink(torch.tensor(value, dtype=torch.float64), threshold, sharpness=sharpness)
    assert float(shrunk) == pytest.approx(expected, rel=1e-12)


def test_sigshrink_halves_at_its_threshold_and_is_odd() -> None:
    at = torch.tensor([0.7, -0.7], dtype=torch.float64)
    torch.testing.assert_close(sigshrink(at, 0.7, sharpness=50.0), at / 2)
    torch.testing.assert_close(sigshrink(-GRID, 0.7, sharpness=5.0), -sigshrink(GRID, 0.7, sharpness=5.0))


def test_sharp_sigshrink_is_hard_not_soft() -> None:
    away = GRID[(GRID.abs() - 0.73).abs() > 0.01]
    torch.testing.assert_close(sigshrink(away, 0.73, sharpness=1e5), F.hardshrink(away, 0.73))


@given(st.floats(1e-3, 1e3))
def test_sigshrink_keeps_its_shape_under_the_scale_of_the_step(step: float) -> None:
    scaled = sigshrink(step * GRID, step * 0.7, sharpness=9.0 / step)
    torch.testing.assert_close(scaled, step * sigshrink(GRID, 0.7, sharpness=9.0))


def test_sigshrink_never_loses_its_gradient() -> None:
    x = torch.tensor([0.0, 0.1, -0.1], dtype=torch.float64, requires_grad=True)
    (soft,) = torch.autograd.grad(soft_shrink(x, 0.7).sum(), x)
    (sig,) = torch.autograd.grad(sigshrink(x, 0.7, sharpness=5.0).sum(), x)
    assert (soft == 0).all()
    assert (sig > 0).all()


def test_extreme_inputs_stay_finite() -> None:
    x = torch.tensor([-1e30, -1.0, 0.0, 1.0, 1e30], requires_grad=True)
    shrunk = sigshrink(x, 0.5, sharpness=1e6)
    (gradient,) = torch.autograd.grad(shrunk.sum(), x)
    assert shrunk.isfinite().all()
    assert gradient.isfinite().all()


def test_gradients_are_right() -> None:
    x = torch.tensor([-2.0, -0.9, -0.3, 0.2, 0.8, 2.5], dtype=torch.float64, requires_grad=True)
    threshold = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    sharpness = torch.tensor(4.0, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(soft_shrink, (x, threshold)), "x keeps away from the kinks at the threshold"
    assert torch.autograd.gradcheck(lambda a, b, c: sigshrink(a, b, sharpness=c), (x, threshold, sharpness))
