from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tenshot.features import ExtractorSpec, join_maps
from tenshot.features.base import state_digest


def spec(*strides: int) -> ExtractorSpec:
    layers = tuple(range(len(strides)))
    thirds = (0.5, 0.5, 0.5)
    return ExtractorSpec("x", layers, strides, strides, thirds, thirds, max(strides), "0", 64, 1)


@pytest.mark.parametrize(
    ("strides", "grid"), [((4, 8, 16), 8), ((32,), 32), ((4, 12), 4), ((16, 4), 4), ((14, 14), 14), ((1, 2), 2)]
)
def test_the_grid_is_the_one_closest_to_eight_pixels(strides: tuple[int, ...], grid: int) -> None:
    assert spec(*strides).grid_stride == grid


def test_maps_are_averaged_down_and_interpolated_up() -> None:
    fine = torch.arange(16.0).view(1, 1, 4, 4)
    middle = torch.rand(1, 2, 2, 2)
    coarse = torch.full((1, 1, 1, 1), 7.0)
    z = join_maps([fine, middle, coarse], size=(2, 2), neighbourhood=1)
    assert z.shape == (1, 4, 2, 2)
    assert z[0, 0].tolist() == [[2.5, 4.5], [10.5, 12.5]]
    assert torch.equal(z[0, 1:3], middle[0])
    assert (z[0, 3] == 7).all()


def test_a_map_finer_in_one_direction_only_is_resized_too() -> None:
    assert join_maps([torch.rand(1, 1, 4, 1)], size=(2, 2), neighbourhood=1).shape == (1, 1, 2, 2)


@pytest.mark.parametrize("side", [3, 5])
def test_neighbourhoods_average_what_is_there(side: int) -> None:
    z = np.random.default_rng(0).random((6, 7))
    joined = join_maps([torch.tensor(z)[None, None]], size=(6, 7), neighbourhood=side)[0, 0].numpy()
    reach = side // 2
    for y, x in np.ndindex(z.shape):
        around = z[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1]
        assert joined[y, x] == pytest.approx(around.mean())


def test_gradients_are_right() -> None:
    random = torch.Generator().manual_seed(0)
    maps = [torch.rand(1, 1, side, side, dtype=torch.float64, generator=random) for side in (4, 2, 1)]
    inputs = tuple(each.requires_grad_() for each in maps)
    assert torch.autograd.gradcheck(lambda *maps: join_maps(maps, size=(2, 2)), inputs)


def test_a_digest_tells_every_difference_and_no_order() -> None:
    state = {"a": torch.arange(4.0), "b": torch.tensor([True, False]), "c": torch.tensor(3)}
    same = {name: state[name].clone() for name in reversed(state)}
    assert state_digest(state) == state_digest(same)
    digests = {
        state_digest(state),
        state_digest(state | {"a": state["a"] + 1e-6}),
        state_digest(state | {"a": state["a"].view(2, 2)}),
        state_digest(state | {"a": state["a"].double()}),
        state_digest(state | {"a": state["a"].view(torch.int32)}),
        state_digest(state | {"b": torch.tensor([False, True])}),
        state_digest({"A": state["a"], "b": state["b"], "c": state["c"]}),
        state_digest({"a": state["a"], "b": state["b"]}),
        state_digest({}),
    }
    assert len(digests) == 9


def test_a_digest_takes_tensors_as_they_lie_in_memory() -> None:
    wide = torch.arange(12.0).view(3, 4)
    assert state_digest({"a": wide.T}) == state_digest({"a": wide.T.contiguous()})
    assert state_digest({"a": wide[:, ::2]}) == state_digest({"a": wide[:, ::2].clone()})
    assert state_digest({"a": torch.zeros(0, 4)}) != state_digest({"a": torch.zeros(0, 5)})
    assert len(state_digest({"a": torch.zeros(2, dtype=torch.float16, requires_grad=True)})) == 64


def test_layers_count_alike_unless_told_otherwise() -> None:
    assert spec(4, 8).balance == (1.0, 1.0)
    assert replace(spec(4, 8), balance=(1.2, 0.7)).balance == (1.2, 0.7)
    assert spec(4, 8) == replace(spec(4, 8), balance=(1.0, 1.0), adapter=None)
