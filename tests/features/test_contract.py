"""The contract of ``Extractor``, on every kind of network there is: a new one needs a line in ``NETWORKS``."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from tenshot.core.config import ExtractorConfig
from tenshot.features import Extractor, build_extractor
from tenshot.features.base import state_digest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NETWORKS = {
    "the default": ("efficientnet_lite0", None),
    "the default, other layers": ("efficientnet_lite0", (0, 4)),
    "the default, adapted": ("efficientnet_lite0+adapter", None),
    "ours": ("tenshot_resnet10", None),
    "ours, untrained": ("tenshot_resnet10_untrained", None),
    "the paper's": ("resnet10", None),
    "the paper's, all layers": ("resnet10", (0, 1, 2, 3, 4)),
    "a pyramid with flattened names": ("test_resnet", None),
    "a pyramid, other layers": ("test_convnext", (1, 3)),
    "a plain transformer": ("test_vit", None),
    "a large plain transformer": ("vit_small_patch14_dinov2", None),
}


@pytest.fixture(params=NETWORKS.values(), ids=NETWORKS.keys())
def extractor(request: pytest.FixtureRequest, extractor_of: Callable[..., Extractor]) -> Extractor:
    return extractor_of(*request.param)


def images(extractor: Extractor, *, batch: int = 1, rows: int = 2, columns: int = 2) -> torch.Tensor:
    """Random images of a few multiples of the least size."""
    multiple = extractor.spec.multiple
    shape = (batch, 3, rows * multiple, columns * multiple)
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def network_of(extractor: Extractor) -> torch.nn.Module:
    return getattr(extractor, "inner", extractor).network


@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (1, 3)])
def test_what_comes_out_is_what_is_published(extractor: Extractor, rows: int, columns: int) -> None:
    spec = extractor.spec
    maps = extractor(images(extractor, batch=2, rows=rows, columns=columns))
    size = (rows * spec.multiple, columns * spec.multiple)
    assert [tuple(each.shape) for each in maps] == [
        (2, channels, size[0] // stride, size[1] // stride)
        for channels, stride in zip(spec.channels, spec.strides, strict=True)
    ]
    assert len(spec.layers) == len(maps)
    assert all(each.dtype == torch.float32 for each in maps)
    assert all(each.isfinite().all() for each in maps)
    assert all(each.std() > 0 for each in maps)


def test_the_published_size_is_one_it_takes(extractor: Extractor) -> None:
    assert extractor.spec.image_size >= extractor.spec.multiple
    assert extractor.spec.grid_stride in extractor.spec.strides
    assert all(extractor.spec.multiple % stride == 0 for stride in extractor.spec.strides)


def test_inputs_are_normalised_as_published(extractor: Extractor) -> None:
    spec = extractor.spec
    plain = images(extractor)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (spec.mean, spec.std))
    seen: list[torch.Tensor] = []
    handle = network_of(extractor).register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    extractor(plain)
    handle.remove()
    torch.testing.assert_close(seen[0], (plain - mean) / std)


def test_it_is_frozen(extractor: Extractor) -> None:
    assert not any(parameter.requires_grad for parameter in extractor.parameters())
    before = state_digest(extractor.state_dict())
    extractor.train()
    extractor.train(mode=True)
    assert not any(module.training for module in extractor.modules())
    extractor(images(extractor, batch=2))
    assert state_digest(extractor.state_dict()) == before, "statistics of a frozen network never move"


def test_a_parent_in_training_does_not_wake_it(extractor: Extractor) -> None:
    torch.nn.Sequential(extractor).train()
    assert not any(module.training for module in extractor.modules())


def test_it_is_deterministic(extractor: Extractor) -> None:
    x = images(extractor)
    assert all(torch.equal(a, b) for a, b in zip(extractor(x), extractor(x), strict=True))


def test_an_image_does_not_feel_what_it_is_batched_with(extractor: Extractor) -> None:
    x = images(extractor, batch=2)
    for together, alone in zip(extractor(x), extractor(x[1:]), strict=True):
        torch.testing.assert_close(together[1:], alone, atol=1e-3, rtol=1e-3)


def test_gradients_reach_the_image_and_nothing_else(extractor: Extractor) -> None:
    x = images(extractor).requires_grad_()
    for each in extractor(x):
        (gradient,) = torch.autograd.grad(each.square().sum(), x, retain_graph=True)
        assert gradient.isfinite().all()
        assert gradient.abs().sum() > 0
    assert all(parameter.grad is None for parameter in extractor.parameters())


@pytest.mark.parametrize("name", ["efficientnet_lite0", "resnet10", "tenshot_resnet10", "test_resnet"])
def test_building_draws_nothing_from_the_generators_others_use(name: str, local_weights: Callable[..., Path]) -> None:
    weights = local_weights(name) if name == "test_resnet" else None
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    build_extractor(ExtractorConfig(name=name, weights=weights))
    after = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]


def test_how_much_layers_count_is_published(extractor: Extractor) -> None:
    balance = torch.tensor(extractor.spec.balance)
    assert len(balance) == len(extractor.spec.layers)
    assert (balance > 0).all()
    assert balance.square().mean().item() == pytest.approx(1)
    assert (extractor.spec.adapter is None) <= (balance == 1).all()


@pytest.mark.parametrize("name", ["resnet10", "tenshot_resnet10", "test_resnet", "test_vit"])
def test_built_twice_it_is_the_same(name: str, extractor_of: Callable[..., Extractor]) -> None:
    cached = extractor_of(name)
    anew = extractor_of.__wrapped__(name)  # type: ignore[attr-defined]
    assert anew is not cached
    assert anew.spec == cached.spec
