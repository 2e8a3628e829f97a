from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from tenshot.features import ResNet10Extractor, join_maps
from tenshot.features.adapter import AdaptedExtractor, Adapter, adapt_map

if TYPE_CHECKING:
    from collections.abc import Sequence

CHANNELS = (3, 5, 4)


def bent(channels: Sequence[int] = CHANNELS, *, rank: int = 2, seed: int = 0) -> Adapter:
    """An adapter that changes everything it can."""
    generator = torch.Generator().manual_seed(seed)
    adapter = Adapter(channels, rank=rank)
    with torch.no_grad():
        for parameter in adapter.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return adapter


def maps(*, batch: int = 2, seed: int = 1) -> list[torch.Tensor]:
    """Maps of three layers, each half as large as the one before."""
    generator = torch.Generator().manual_seed(seed)
    sides = (16, 8, 4)
    return [torch.randn(batch, c, s, s, generator=generator) for c, s in zip(CHANNELS, sides, strict=True)]


def test_every_position_is_scaled_after_its_low_rank_part_was_added() -> None:
    random = np.random.default_rng(0)
    z, scale = random.normal(size=(2, 5, 3, 4)), random.normal(size=5)
    down, up = random.normal(size=(2, 5)), random.normal(size=(5, 2))
    found = adapt_map(*map(torch.tensor, (z, scale)), down=torch.tensor(down), up=torch.tensor(up)).numpy()
    for b, y, x in np.ndindex(2, 3, 4):
        expected = np.diag(scale) @ (np.eye(5) + up @ down) @ z[b, :, y, x]
        np.testing.assert_allclose(found[b, :, y, x], expected)


def test_without_a_low_rank_part_channels_are_weighted() -> None:
    z = torch.rand(1, 2, 3, 3)
    assert torch.equal(adapt_map(z, torch.tensor([2.0, 0.0])), z * torch.tensor([2.0, 0.0]).view(1, 2, 1, 1))


@pytest.mark.parametrize("rank", [0, 3])
def test_a_new_one_changes_nothing(rank: int) -> None:
    adapter = Adapter(CHANNELS, rank=rank)
    given = maps()
    assert all(torch.equal(a, b) for a, b in zip(adapter(given), given, strict=True))
    assert adapter.balance.tolist() == [1, 1, 1]


@pytest.mark.parametrize("neighbourhood", [1, 3])
@pytest.mark.parametrize("rank", [0, 2])
def test_adapting_and_joining_may_come_in_any_order(neighbourhood: int, rank: int) -> None:
    adapter, given = bent(rank=rank), maps()
    before = join_maps(adapter(given), size=(8, 8), neighbourhood=neighbourhood)
    after = adapter.on_joined(join_maps(given, size=(8, 8), neighbourhood=neighbourhood))
    assert not torch.equal(before, join_maps(given, size=(8, 8), neighbourhood=neighbourhood))
    torch.testing.assert_close(before, after)


def test_it_is_linear() -> None:
    adapter, (a, b) = bent(), (maps(seed=1), maps(seed=2))
    together = adapter([2 * x - 3 * y for x, y in zip(a, b, strict=True)])
    for whole, x, y in zip(together, adapter(a), adapter(b), strict=True):
        torch.testing.assert_close(whole, 2 * x - 3 * y, atol=1e-4, rtol=1e-4)


def test_gradients_are_right() -> None:
    adapter = bent().double()
    names, values = zip(*adapter.named_parameters(), strict=True)
    given = [each.double() for each in maps(batch=1)]

    def outcome(*parameters: torch.Tensor) -> tuple[torch.Tensor, ...]:
        state = dict(zip(names, parameters, strict=True))
        adapted = torch.func.functional_call(adapter, state, (given,))
        return tuple(each.square().mean() for each in adapted)

    assert torch.autograd.gradcheck(outcome, values)
    assert torch.autograd.gradgradcheck(outcome, values)


def test_the_balance_can_be_learned() -> None:
    adapter = Adapter(CHANNELS)
    (gradient,) = torch.autograd.grad(adapter.balance[0], adapter.log_balance)
    assert gradient.tolist() == pytest.approx([2 / 3, -1 / 3, -1 / 3])


def test_layers_count_by_ratio_above_zero_with_a_mean_square_of_one() -> None:
    adapter = Adapter(CHANNELS)
    with torch.no_grad():
        adapter.log_balance.copy_(torch.tensor([1.0, 4.0, 2.0]).log() + 5)
    balance = adapter.balance
    assert balance.square().mean().item() == pytest.approx(1)
    assert (balance / balance[0]).tolist() == pytest.approx([1, 4, 2])


@pytest.mark.parametrize("rank", [0, 2])
def test_its_tensors_make_it_again(rank: int) -> None:
    adapter = bent(rank=rank)
    tensors = adapter.tensors()
    assert set(tensors) == {"balance"} | {
        f"{part}.{i}" for part in (["scale", "down", "up"] if rank else ["scale"]) for i in range(3)
    }
    again = Adapter.of(tensors)
    assert all(torch.equal(a, b) for a, b in zip(adapter(maps()), again(maps()), strict=True))
    torch.testing.assert_close(again.balance, adapter.balance)
    assert not any(tensor.requires_grad for tensor in tensors.values())
    tensors["scale.0"].zero_()
    assert adapter.scale[0].abs().sum() > 0, "what was taken is a copy"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scale.0": torch.ones(3, 1)}, "expected scale.i, balance and maybe down.i and up.i of every layer i, got"),
        ({"scale.1": None}, "expected scale.i"),
        ({"down.0": torch.ones(())}, "expected scale.i"),
        ({"up.2": None}, "expected scale.i"),
        ({"down.1": torch.ones(3, 5)}, "expected scale.i"),
        ({"balance": torch.ones(2)}, "expected scale.i"),
        ({"more": torch.ones(1)}, "expected scale.i"),
        ({"balance": torch.tensor([1.0, 0.0, 1.0])}, "balance above 0"),
        ({"balance": torch.tensor([1.0, -1.0, 1.0])}, "balance above 0"),
        ({"scale.2": torch.tensor([1.0, 1.0, torch.nan, 1.0])}, "finite numbers"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_tensors_of_something_else_are_refused(changes: dict[str, torch.Tensor | None], message: str) -> None:
    tensors = {name: tensor for name, tensor in (bent().tensors() | changes).items() if tensor is not None}
    with pytest.raises(ValueError, match=message):
        Adapter.of(tensors)
    with pytest.raises(ValueError, match="expected scale"):
        Adapter.of({})


@pytest.fixture(scope="module")
def inner() -> ResNet10Extractor:
    return ResNet10Extractor(layers=(0, 2))


def test_an_adapted_extractor_adapts_the_maps_of_the_one_within(inner: ResNet10Extractor) -> None:
    adapter = bent(inner.spec.channels)
    x = torch.rand(1, 3, 64, 64)
    found, expected = AdaptedExtractor(inner, adapter, recipe="r")(x), adapter(inner(x))
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


def test_it_publishes_what_it_is(inner: ResNet10Extractor) -> None:
    adapter = bent(inner.spec.channels)
    spec = AdaptedExtractor(inner, adapter, recipe="bent-1").spec
    assert (spec.name, spec.layers, spec.adapter) == (inner.spec.name, inner.spec.layers, "bent-1")
    assert spec.balance == tuple(adapter.balance.tolist())
    digests = {
        inner.spec.weights,
        spec.weights,
        AdaptedExtractor(inner, bent(inner.spec.channels, seed=1), recipe="bent-1").spec.weights,
        AdaptedExtractor(ResNet10Extractor(layers=(0, 2), seed=1), adapter, recipe="bent-1").spec.weights,
    }
    assert len(digests) == 4


def test_one_in_training_goes_on_unharmed(inner: ResNet10Extractor) -> None:
    adapter = bent(inner.spec.channels)
    extractor = AdaptedExtractor(inner, adapter, recipe="r")
    assert all(parameter.requires_grad for parameter in adapter.parameters())
    before = extractor(torch.ones(1, 3, 64, 64))
    with torch.no_grad():
        adapter.scale[0].zero_()
    assert torch.equal(extractor(torch.ones(1, 3, 64, 64))[0], before[0])
