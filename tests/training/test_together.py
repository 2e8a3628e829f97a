from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch import distributed, nn

from tenshot.core.errors import InputError, MissingError, TrainingError
from tenshot.training.together import SaidElsewhereError, Together

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Gym

CPU = torch.device("cpu")


def joined(act: Callable[[Together], None]) -> Callable[[int], None]:
    def join(_: int) -> None:
        distributed.init_process_group("gloo")
        act(Together(CPU))

    return join


def test_alone_everything_is_ones_own() -> None:
    alone = Together(CPU)
    assert (alone.rank, alone.world, alone.leads) == (0, 1, True)
    assert alone.mean([1.0, 2.0]) == [1.0, 2.0]
    assert not alone.any(None)
    assert alone.any(1)
    alone.agree(None)
    with pytest.raises(InputError, match="mine"), alone.agreed():
        raise InputError("mine")  # noqa: EM101
    with pytest.raises(ArithmeticError), alone.agreed():
        raise ArithmeticError


def test_numbers_and_wishes_are_shared(gym: Gym) -> None:
    def act(together: Together) -> None:
        assert together.world == 3
        assert together.leads == (together.rank == 0)
        assert together.mean([float(together.rank), 5.0]) == [1.0, 5.0]
        assert together.any(together.rank == 2)
        assert not together.any(False)

    assert gym.together(joined(act), world=3) == [0, 0, 0]


def test_gradients_are_averaged_where_there_are_any(gym: Gym) -> None:
    def act(together: Together) -> None:
        matrix, mixed, none = (nn.Parameter(torch.zeros(shape)) for shape in ((2, 3), (1,), (4,)))
        matrix.grad = torch.arange(6.0).reshape(2, 3) * (together.rank + 1)
        if together.rank:
            mixed.grad = torch.tensor([8.0])
        together.average_gradients([matrix, mixed, none])
        assert torch.equal(matrix.grad, torch.arange(6.0).reshape(2, 3) * 1.5)
        assert mixed.grad is not None
        assert torch.equal(mixed.grad, torch.tensor([4.0]))
        assert none.grad is None

    assert gym.together(joined(act)) == [0, 0]


def test_all_start_as_the_first_does(gym: Gym) -> None:
    def act(together: Together) -> None:
        weight = nn.Parameter(torch.full((2,), float(together.rank)))
        together.start_alike([weight])
        assert weight.tolist() == [0.0, 0.0]

    assert gym.together(joined(act)) == [0, 0]


def test_an_error_of_any_process_is_raised_by_the_first(gym: Gym) -> None:
    def act(together: Together) -> None:
        with together.agreed():
            pass
        expected = MissingError if together.leads else SaidElsewhereError
        mine = {1: MissingError("Dürer is gone"), 2: InputError("another")}.get(together.rank)
        with pytest.raises(expected, match="Dürer is gone"):
            together.agree(mine)

    assert gym.together(joined(act), world=3) == [0, 0, 0]


def test_an_error_of_a_kind_that_is_not_ours_alone_keeps_its_words(gym: Gym) -> None:
    class OddError(TrainingError):
        pass

    def act(together: Together) -> None:
        with pytest.raises(TrainingError if together.leads else SaidElsewhereError, match="odd"):
            together.agree(OddError("odd") if together.rank else None)

    assert gym.together(joined(act)) == [0, 0]
