from __future__ import annotations

import itertools
import logging
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor, nn

from tenshot.core.errors import InputError, MissingError
from tenshot.training import Objective, fit

if TYPE_CHECKING:
    from pathlib import Path

RATE = 0.25


class Towards(Objective[Tensor]):
    """Half the squared distance to a target, by plain gradient descent: w ← w - α (w - target)."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.zeros(3))

    def loss(self, batch: Tensor) -> Tensor:
        return (self.w - batch).square().sum() / 2

    def optimiser(self) -> torch.optim.SGD:
        return torch.optim.SGD(self.parameters(), lr=RATE)


def ones() -> itertools.repeat[Tensor]:
    return itertools.repeat(torch.ones(3))


def trained(steps: int) -> Tensor:
    objective = Towards()
    fit(objective, ones(), steps=steps)
    return objective.w.detach()


@pytest.mark.parametrize("steps", [1, 7])
def test_every_step_is_one_of_the_optimiser(steps: int) -> None:
    torch.testing.assert_close(trained(steps), torch.full((3,), 1 - (1 - RATE) ** steps))


def test_batches_are_taken_in_their_order() -> None:
    objective = Towards()
    batches = [torch.full((3,), float(value)) for value in (4, 0, 8)]
    fit(objective, batches, steps=3)
    expected = 0.0
    for value in (4, 0, 8):
        expected += RATE * (value - expected)
    torch.testing.assert_close(objective.w.detach(), torch.full((3,), expected))


def test_a_step_can_be_prepared_once_its_gradients_are_there() -> None:
    class Halved(Towards):
        def prepare(self, optimiser: torch.optim.Optimizer) -> None:
            assert self.w.grad is not None
            self.w.grad *= 0.5
            optimiser.param_groups[0]["lr"] = 2 * RATE

    objective = Halved()
    fit(objective, ones(), steps=2)
    torch.testing.assert_close(objective.w.detach(), trained(2))


def test_no_steps_leave_the_start() -> None:
    objective = Towards()
    fit(objective, iter(()), steps=0)
    assert objective.w.tolist() == [0, 0, 0]
    assert not objective.training


def test_it_trains_in_training_mode_and_leaves_evaluation_mode() -> None:
    modes = []

    class Watching(Towards):
        def loss(self, batch: Tensor) -> Tensor:
            modes.append((self.training, torch.is_grad_enabled()))
            return super().loss(batch)

    objective = Watching().eval()
    with torch.no_grad():
        fit(objective, ones(), steps=2)
    assert modes == [(True, True)] * 2
    assert not objective.training


def test_frozen_parts_may_stay_in_evaluation_mode() -> None:
    class Frozen(nn.Linear):
        def train(self, mode: bool = True) -> Frozen:  # noqa: ARG002
            return super().train(mode=False)

    objective = Towards()
    objective.frozen = Frozen(2, 2).requires_grad_(requires_grad=False).train()
    fit(objective, ones(), steps=1)
    assert objective.w[0] == RATE


def test_progress_is_told_after_every_step() -> None:
    told: list[tuple[int, int]] = []
    fit(Towards(), ones(), steps=3, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_nothing_is_written_or_said(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    with caplog.at_level(logging.INFO, logger="lightning.pytorch"):
        trained(2)
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")
    assert caplog.messages == []


def test_others_may_go_on_talking(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("lightning.pytorch.utilities.rank_zero")

    class Accompanied(Towards):
        def loss(self, batch: Tensor) -> Tensor:
            other = threading.Thread(target=logger.info, args=("of somebody else",))
            other.start()
            other.join()
            return super().loss(batch)

    with caplog.at_level(logging.INFO, logger="lightning.pytorch"):
        fit(Accompanied(), ones(), steps=1)
    assert caplog.messages == ["of somebody else"]


def test_a_cluster_is_none_of_our_business(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("SLURM_NTASKS", "4"), ("SLURM_JOB_NAME", "train"), ("SLURM_PROCID", "1")):
        monkeypatch.setenv(name, value)
    value = trained(1)[0]
    monkeypatch.undo()
    assert value == RATE


def test_the_global_generator_stays_where_it_was() -> None:
    before = torch.get_rng_state()
    trained(2)
    assert torch.equal(before, torch.get_rng_state())


def test_threads_wait_for_one_another() -> None:
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(trained, [2, 3, 4]))
    for steps, weights in zip((2, 3, 4), found, strict=True):
        assert torch.equal(weights, trained(steps))


def test_fewer_batches_than_steps_are_refused() -> None:
    with pytest.raises(InputError, match="batches: expected at least 5, one for each step, got 3"):
        fit(Towards(), [torch.ones(3)] * 3, steps=5)


def test_negative_steps_are_refused() -> None:
    with pytest.raises(InputError, match="steps: expected a number from 0, got -1"):
        fit(Towards(), ones(), steps=-1)


def test_an_error_in_the_loss_arrives_as_it_is() -> None:
    class Broken(Towards):
        def loss(self, batch: Tensor) -> Tensor:
            raise ArithmeticError(len(batch))

    with pytest.raises(ArithmeticError):
        fit(Broken(), ones(), steps=1)


def test_an_interrupt_stays_an_interrupt() -> None:
    class Interrupted(Towards):
        def loss(self, batch: Tensor) -> Tensor:
            assert len(batch)
            raise KeyboardInterrupt

    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(KeyboardInterrupt):
        fit(Interrupted(), ones(), steps=1)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_wish_to_exit_stays_one() -> None:
    class Leaving(Towards):
        def loss(self, batch: Tensor) -> Tensor:
            raise SystemExit(len(batch))

    with pytest.raises(SystemExit) as stop:
        fit(Leaving(), ones(), steps=1)
    assert stop.value.code == 3


def test_without_lightning_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "tenshot.training.looping", raising=False)
    for name in [name for name in sys.modules if name.partition(".")[0] == "lightning"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_NoLightning(), *sys.meta_path])
    with pytest.raises(MissingError, match=r"pip install 'tenshot\[train\]'"):
        fit(Towards(), ones(), steps=1)


class _NoLightning:
    """An environment in which the package is not installed."""

    def find_spec(self, name: str, *_: object) -> None:
        if name.partition(".")[0] == "lightning":
            raise ModuleNotFoundError(name, name=name)


def test_no_thread_is_left_behind() -> None:
    before = set(threading.enumerate())
    trained(1)
    assert set(threading.enumerate()) == before
