"""Nested state as tensors by name and plain JSON, and back, to the very types: what safetensors can keep of it."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any

import torch
from torch import Tensor

from tenshot.core.errors import InputError

__all__ = ["flatten", "unflatten"]


def flatten(state: object) -> tuple[Any, dict[str, Tensor]]:
    """Takes nested state apart.

    Args:
        state: tensors, ``None``, booleans, numbers and text in lists, tuples and dicts with keys of any of these.

    Returns:
        What the state looks like, ready for JSON, and its tensors by name: contiguous copies in the memory of the CPU.

    Raises:
        InputError: naming what cannot be kept.
    """
    tensors: dict[str, Tensor] = {}
    return _shape(state, "", tensors), tensors


def unflatten(shape: Any, tensors: dict[str, Tensor]) -> Any:  # noqa: ANN401 - whatever was flattened
    """Puts together what ``flatten`` took apart; tensors lie in memory as they did."""
    if isinstance(shape, list):
        return [unflatten(each, tensors) for each in shape]
    if not isinstance(shape, dict):
        return shape
    [(kind, content)] = shape.items()
    if kind == "tensor":
        return _laid_out(tensors[content["name"]], content["strides"])
    if kind == "float":
        return float(content)
    if kind == "tuple":
        return tuple(unflatten(each, tensors) for each in content)
    pairs = [(unflatten(key, tensors), unflatten(value, tensors)) for key, value in content]
    return OrderedDict(pairs) if kind == "ordered" else dict(pairs)


def _shape(state: object, place: str, tensors: dict[str, Tensor]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(state, Tensor):
        return {"tensor": _kept(state.detach(), place, tensors)}
    kind = type(state)
    if state is None or kind in (bool, int, str):
        return state
    if isinstance(state, float) and kind is float:
        return state if math.isfinite(state) else {"float": repr(state)}
    if isinstance(state, list | tuple) and kind in (list, tuple):
        shapes = [_shape(each, _below(place, index), tensors) for index, each in enumerate(state)]
        return shapes if kind is list else {"tuple": shapes}
    if isinstance(state, dict) and kind in (dict, OrderedDict):
        pairs = [
            [_shape(key, _below(place, "key"), tensors), _shape(value, _below(place, key), tensors)]
            for key, value in state.items()
        ]
        return {"dict" if kind is dict else "ordered": pairs}
    msg = f"checkpoint: expected tensors, numbers and text in lists, tuples and dicts, got a {kind.__name__} at {place}"
    raise InputError(msg)


def _below(place: str, key: object) -> str:
    return f"{place}.{key}" if place else str(key)


def _kept(tensor: Tensor, place: str, tensors: dict[str, Tensor]) -> dict[str, Any]:
    name, again = place or "tensor", 1
    while name in tensors:
        again += 1
        name = f"{place}~{again}"
    # A copy of its own, since safetensors refuses tensors that share memory.
    tensors[name] = tensor.to("cpu", copy=True, memory_format=torch.contiguous_format).contiguous()
    plain = tensor.is_contiguous() or 0 in tensor.stride()
    return {"name": name, "strides": None if plain else list(tensor.stride())}


def _laid_out(tensor: Tensor, strides: list[int] | None) -> Tensor:
    """The tensor with the strides it had: the order in memory decides how arithmetic rounds."""
    if strides is None:
        return tensor
    return torch.empty_strided(tensor.shape, strides, dtype=tensor.dtype).copy_(tensor)
