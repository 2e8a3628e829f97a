from __future__ import annotations

import json
import math
from collections import OrderedDict, defaultdict
from typing import Any

import pytest
import torch

from tenshot.core.errors import InputError
from tenshot.training.flattening import flatten, unflatten


def there_and_back(state: object) -> Any:
    shape, tensors = flatten(state)
    return unflatten(json.loads(json.dumps(shape, allow_nan=False)), tensors)


def same(a: object, b: object) -> bool:
    """Equal to the bit and to the type."""
    if type(a) is not type(b):
        return False
    if isinstance(a, torch.Tensor):
        assert isinstance(b, torch.Tensor)
        return a.dtype == b.dtype and a.stride() == b.stride() and torch.equal(a, b)
    if isinstance(a, dict):
        assert isinstance(b, dict)
        return all(same(x, y) for x, y in zip(a.items(), b.items(), strict=True))
    if isinstance(a, list | tuple):
        assert isinstance(b, list | tuple)
        return len(a) == len(b) and all(map(same, a, b))
    return a == b or (a != a and b != b)  # noqa: PLR0124 - nan


@pytest.mark.parametrize(
    "state",
    [
        None,
        True,
        1,
        0.1,
        math.inf,
        -math.inf,
        math.nan,
        "text with \u00e9 and \x00",
        [],
        (),
        {},
        {0: "int", "0": "text", (1, 2): "tuple", None: "none", True: "bool"},
        {"betas": (0.9, 0.999), "list": [0.9, (1, [2])]},
        {"tuple": 1},
        OrderedDict([("b", 1), ("a", 2)]),
        {"state": {0: {"step": torch.tensor(3.0), "exp_avg": torch.randn(2, 3)}}, "params": [0, 1]},
        [torch.tensor([1, 2]), torch.tensor(True), torch.zeros(0, 3), torch.ones(3, dtype=torch.bfloat16)],
        torch.arange(24.0).reshape(2, 3, 2, 2).to(memory_format=torch.channels_last),
        torch.arange(6.0).reshape(2, 3).T,
    ],
    ids=str,
)
def test_state_comes_back_to_the_bit_and_to_the_type(state: object) -> None:
    assert same(there_and_back(state), state)


def test_the_state_of_an_optimiser_comes_back() -> None:
    parameters = [torch.nn.Parameter(torch.randn(3, 2)), torch.nn.Parameter(torch.randn(1))]
    adam = torch.optim.AdamW(parameters, lr=1e-3, betas=(0.8, 0.9))
    sum(parameter.square().sum() for parameter in parameters).backward()
    adam.step()
    assert same(there_and_back(adam.state_dict()), adam.state_dict())


def test_tensors_of_one_name_or_one_memory_are_kept_apart() -> None:
    shared = torch.randn(4)
    state = {0: shared, "0": shared[:2], "a.b": torch.tensor(1), "a": {"b": torch.tensor(2)}}
    assert same(there_and_back(state), state)
    _, tensors = flatten(state)
    assert len(tensors) == 4
    assert len({tensor.data_ptr() for tensor in tensors.values()}) == 4


def test_an_expanded_tensor_comes_back_as_it_is_read() -> None:
    state = torch.ones(1, 3).expand(4, 3)
    assert torch.equal(there_and_back(state), state)


@pytest.mark.parametrize("thing", [{1, 2}, object(), 1j, b"bytes", torch.Size([1]), defaultdict(int)])
def test_what_cannot_be_kept_is_named(thing: object) -> None:
    kind = type(thing).__name__
    with pytest.raises(InputError, match=rf"checkpoint: expected tensors, .* got a {kind} at loops.0.x"):
        flatten({"loops": [{"x": thing}]})
