from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tenshot.losses import contrast, contrastive_divergence, energy_penalty, position_contrast

if TYPE_CHECKING:
    from tenshot.losses import ContrastForm

POSITIVE = torch.tensor([1.0, 2.0], dtype=torch.float64)
NEGATIVE = torch.tensor([math.e, 1.0], dtype=torch.float64)
FORMS = pytest.mark.parametrize("form", ["difference", "softplus", "hinge"])


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(seed).random(shape))


def test_the_contrastive_divergence_of_eq_10_by_hand() -> None:
    assert float(contrastive_divergence(torch.tensor([1.0, 2.0]), torch.tensor([4.0, 1.0]))) == -1.0


@pytest.mark.parametrize(
    ("form", "log", "expected"),
    [
        # Gaps are e - 1 and -1; of logarithms 1 and -log 2.
        ("difference", False, (1 - math.e + 1) / 2),
        ("difference", True, (-1 + math.log(2)) / 2),
        ("softplus", False, (math.log1p(math.exp(0.5 - (math.e - 1))) + math.log1p(math.exp(1.5))) / 2),
        ("softplus", True, (math.log1p(math.exp(-0.5)) + math.log1p(2 * math.exp(0.5))) / 2),
        ("hinge", False, (0 + 1.5) / 2),
        ("hinge", True, (0 + 0.5 + math.log(2)) / 2),
    ],
)
def test_contrasts_by_hand(form: ContrastForm, log: bool, expected: float) -> None:
    assert float(contrast(POSITIVE, NEGATIVE, form=form, margin=0.5, log=log)) == pytest.approx(expected)


def test_the_plain_difference_is_eq_10() -> None:
    positive, negative = draw(5), draw(5, seed=1)
    plain = contrast(positive, negative, form="difference", log=False)
    torch.testing.assert_close(plain, contrastive_divergence(positive, negative))


@FORMS
@given(st.floats(1e-3, 1e3))
def test_with_logarithms_the_scale_of_the_energy_does_not_matter(form: ContrastForm, scale: float) -> None:
    positive, negative = draw(5) + 0.1, draw(5, seed=1) + 0.1
    scaled = contrast(scale * positive, scale * negative, form=form)
    torch.testing.assert_close(scaled, contrast(positive, negative, form=form))


def test_a_pair_that_is_clearly_told_apart_is_left_alone() -> None:
    negative = torch.tensor([100.0, 1.0]).requires_grad_()
    (hinge,) = torch.autograd.grad(contrast(torch.ones(2), negative, form="hinge"), negative)
    assert hinge[0] == 0
    assert hinge[1] < 0
    (soft,) = torch.autograd.grad(contrast(torch.ones(2), negative, form="softplus"), negative)
    assert -1e-3 < soft[0] < 0
    assert soft[1] < -0.3


@FORMS
@pytest.mark.parametrize("log", [True, False])
def test_energies_of_zero_are_survived(form: ContrastForm, log: bool) -> None:
    positive, negative = torch.zeros(3, requires_grad=True), torch.zeros(3, requires_grad=True)
    loss = contrast(positive, negative, form=form, margin=1.0, log=log)
    assert float(loss.detach()) == pytest.approx({"difference": 0, "softplus": math.log1p(math.e), "hinge": 1}[form])
    for gradient in torch.autograd.grad(loss, (positive, negative)):
        assert gradient.isfinite().all()


def test_the_energy_penalty_by_hand() -> None:
    assert float(energy_penalty(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 0.0]))) == (1 + 9 + 4 + 0) / 2


@given(st.integers(0, 1000), st.integers(1, 4), st.integers(1, 12), st.floats(0, 3))
def test_positions_are_ranked_pair_by_pair(seed: int, batch: int, count: int, margin: float) -> None:
    residuals = draw(batch, count, seed=seed) + 0.01
    mask = draw(batch, count, seed=seed + 1) < 0.4
    rows = []
    for row, inside in zip(residuals.tolist(), mask.tolist(), strict=True):
        corrupted = [value for value, hit in zip(row, inside, strict=True) if hit]
        clean = [value for value, hit in zip(row, inside, strict=True) if not hit]
        if corrupted and clean:
            pairs = [math.log1p(math.exp(margin - math.log(c / n))) for c in corrupted for n in clean]
            rows.append(sum(pairs) / len(pairs))
    expected = sum(rows) / len(rows) if rows else 0.0
    assert float(position_contrast(residuals, mask, margin=margin)) == pytest.approx(expected)


@pytest.mark.parametrize("everywhere", [True, False])
def test_rows_with_one_kind_of_position_rank_nothing(everywhere: bool) -> None:
    residuals = draw(2, 5).requires_grad_()
    loss = position_contrast(residuals, torch.full((2, 5), everywhere))
    assert float(loss.detach()) == 0
    (gradient,) = torch.autograd.grad(loss, residuals)
    assert (gradient == 0).all()


def test_ranking_lifts_corrupted_positions_and_lowers_clean_ones() -> None:
    residuals = torch.tensor([[0.5, 0.5, 0.0, 0.0]]).requires_grad_()
    (gradient,) = torch.autograd.grad(
        position_contrast(residuals, torch.tensor([[True, False, True, False]])), residuals
    )
    assert gradient[0, 0] < 0 < gradient[0, 1]
    assert gradient.isfinite().all()


def test_gradients_are_right() -> None:
    positive, negative = (draw(4, seed=i).add(0.1).requires_grad_() for i in range(2))
    for loss in (contrast, contrastive_divergence, energy_penalty):
        assert torch.autograd.gradcheck(loss, (positive, negative))
    residuals, mask = draw(2, 6, seed=3).add(0.1).requires_grad_(), draw(2, 6, seed=4) < 0.5
    assert torch.autograd.gradcheck(lambda r: position_contrast(r, mask), (residuals,))
