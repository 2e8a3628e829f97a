from __future__ import annotations

import numpy as np
import pytest
import torch

from tenshot.coding import gather_volumes
from tenshot.core.errors import InputError


def naive(z: np.ndarray, field: int) -> np.ndarray:
    """Loops over everything; positions outside repeat the border."""
    batch, channels, height, width = z.shape
    volumes = np.empty((batch, channels * field**2, height, width), z.dtype)
    near = range(-(field // 2), field // 2 + 1)
    for b, y, x in np.ndindex(batch, height, width):
        volumes[b, :, y, x] = [
            z[b, c, min(max(y + dy, 0), height - 1), min(max(x + dx, 0), width - 1)]
            for c in range(channels)
            for dy in near
            for dx in near
        ]
    return volumes


@pytest.mark.parametrize("field", [1, 3, 5])
@pytest.mark.parametrize("shape", [(2, 3, 6, 4), (1, 1, 1, 5), (1, 2, 2, 2)])
def test_volumes_are_what_a_loop_gathers(shape: tuple[int, ...], field: int) -> None:
    z = np.random.default_rng(0).normal(size=shape)
    np.testing.assert_array_equal(gather_volumes(torch.tensor(z), field).numpy(), naive(z, field))


def test_borders_repeat_what_is_there() -> None:
    volumes = gather_volumes(torch.ones(1, 2, 4, 4), 3)
    assert (volumes == 1).all(), "zeros around a map would make all borders look alike"


def test_a_field_of_one_changes_nothing() -> None:
    z = torch.rand(1, 2, 3, 3)
    assert gather_volumes(z, 1) is z


@pytest.mark.parametrize("field", [0, 2, -1, 4])
def test_only_odd_fields_have_a_middle(field: int) -> None:
    with pytest.raises(InputError, match=f"receptive field: expected an odd number from 1, got {field}"):
        gather_volumes(torch.zeros(1, 1, 4, 4), field)


def test_gradients_are_right() -> None:
    z = torch.rand(1, 2, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: gather_volumes(x, 3), (z,))
