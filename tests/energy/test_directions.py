from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tenshot.core.config import CodingConfig
from tenshot.core.errors import InputError
from tenshot.energy import coder_inputs, directions, layer_norms

CHANNELS = (2, 3)


def features() -> torch.Tensor:
    return torch.rand(2, 5, 3, 4, generator=torch.Generator().manual_seed(0)) + 0.1


def coding(**changes: Any) -> CodingConfig:
    return CodingConfig.model_validate(changes)


def test_every_layer_contributes_equally_to_a_unit_vector() -> None:
    z = directions(features() * torch.tensor([1.0, 1, 1000, 1000, 1000]).view(1, 5, 1, 1), CHANNELS)
    torch.testing.assert_close(z.norm(dim=1), torch.ones(2, 3, 4))
    torch.testing.assert_close(z[:, :2].norm(dim=1), z[:, 2:].norm(dim=1))


@given(st.floats(0, 100), st.floats(0.01, 100))
def test_a_balance_sets_the_share_of_every_layer_and_keeps_the_norm(first: float, second: float) -> None:
    z = directions(features(), CHANNELS, (first, second))
    torch.testing.assert_close(z.norm(dim=1), torch.ones(2, 3, 4))
    share = torch.full((2, 3, 4), first / math.hypot(first, second))
    torch.testing.assert_close(z[:, :2].norm(dim=1), share)
    # Directions within a layer are nobody's business but the layer's.
    torch.testing.assert_close(torch.nn.functional.normalize(z[:, 2:], dim=1), directions(features()[:, 2:], (3,)))


@pytest.mark.parametrize("weight", [1.0, 0.3, 17.0])
def test_equal_weights_are_no_balance(weight: float) -> None:
    torch.testing.assert_close(directions(features(), CHANNELS, (weight, weight)), directions(features(), CHANNELS))
    assert torch.equal(directions(features(), CHANNELS, (1.0, 1.0)), directions(features(), CHANNELS)), "to the bit"


def test_a_balance_can_be_learned() -> None:
    weights = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    z = features().double().requires_grad_()
    assert torch.autograd.gradcheck(lambda w, x: directions(x, CHANNELS, w), (weights, z))


@pytest.mark.parametrize("balance", [(1.0,), (1.0, 1.0, 1.0), (1.0, -1.0), (0.0, 0.0), (1.0, math.nan)])
def test_a_balance_that_does_not_fit_is_refused(balance: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match=r"balance: expected 2 weights, at least 0 and not all 0, got \["):
        directions(features(), CHANNELS, balance)


def test_a_silent_layer_is_no_division_by_zero() -> None:
    z = features()
    z[:, :2] = 0
    assert directions(z, CHANNELS).isfinite().all()
    assert (directions(z, CHANNELS)[:, :2] == 0).all()


def test_a_silent_position_has_a_gradient_of_zero_at_any_order() -> None:
    z = features()
    z[0, :2, 1, 1] = 0
    silent, target = z.clone().requires_grad_(), torch.ones_like(z)
    assert torch.equal(directions(silent, CHANNELS), directions(z, CHANNELS))
    error = (directions(silent, CHANNELS) - target).square().sum()
    (first,) = torch.autograd.grad(error, silent, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), silent)
    for gradient in (first, second):
        assert gradient.isfinite().all()
        assert (gradient[0, :2, 1, 1] == 0).all()
        assert (gradient != 0).sum() == gradient.numel() - 2


def test_layer_norms_say_how_strongly_each_layer_responds() -> None:
    norms = layer_norms(features(), CHANNELS)
    expected = [np.linalg.norm(part.numpy(), axis=1) for part in (features()[:, :2], features()[:, 2:])]
    np.testing.assert_allclose(norms.numpy(), np.stack(expected, axis=1), rtol=1e-6)


def test_the_coder_sees_one_row_per_position_in_reading_order() -> None:
    rows = coder_inputs(features(), CHANNELS, coding=coding())
    assert rows.shape == (2, 12, 5)
    torch.testing.assert_close(rows[1, 7], directions(features(), CHANNELS)[1, :, 1, 3])


@pytest.mark.parametrize("field", [1, 3, 5])
def test_volumes_hold_what_lies_around_a_position_at_unit_norm(field: int) -> None:
    rows = coder_inputs(features(), CHANNELS, coding=coding(receptive_field=field), balance=(1.0, 3.0))
    assert rows.shape == (2, 12, 5 * field**2)
    torch.testing.assert_close(rows.norm(dim=2), torch.ones(2, 12))
    z = directions(features(), CHANNELS, (1.0, 3.0))
    middle = rows.view(2, 12, 5, field, field)[..., field // 2, field // 2]
    torch.testing.assert_close(middle * field, z.flatten(2).mT)


def test_features_are_left_as_they_are_where_directions_are_not_wanted() -> None:
    rows = coder_inputs(features(), CHANNELS, coding=coding(normalise=False))
    assert torch.equal(rows, features().flatten(2).mT)
