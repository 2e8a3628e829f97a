"""The processes of a training, which go the same way: what one of them finds, all of them act upon.

With a single process, all of this is free.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import distributed

from tenshot.core import errors
from tenshot.core.errors import TenshotError, TrainingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from torch import Tensor, nn

__all__ = ["SaidElsewhereError", "Together"]


class SaidElsewhereError(TenshotError):
    """Training ended in all processes, and the first of them says why."""


class Together:
    """What this process shares with the others; every method is called by all of them at the same place.

    Args:
        device: of this process, through which they talk.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        several = distributed.is_available() and distributed.is_initialized()
        self.rank = distributed.get_rank() if several else 0
        self.world = distributed.get_world_size() if several else 1

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes files."""
        return self.rank == 0

    def mean(self, values: Sequence[float]) -> list[float]:
        """The means over the processes, of as many values in each of them."""
        if self.world == 1:
            return list(values)
        # Not the processes' own average, which gloo lacks; and sums of float64, so that their order hardly matters.
        shared = torch.tensor(list(values), dtype=torch.float64, device=self.device)
        _reduced(shared)
        return [value / self.world for value in shared.tolist()]

    def start_alike(self, tensors: Iterable[Tensor]) -> None:
        """Gives every process the values of the first."""
        if self.world > 1:
            for tensor in tensors:
                _spread(tensor.detach(), 0)

    def average_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """Replaces gradients by their means over the processes.

        Not torch's wrapper for that: it asks for a gradient of every parameter, or traverses the graph of every step
        for those that have none. Here a parameter has none afterwards if it had none in any process.
        """
        if self.world == 1:
            return
        there = [parameter.grad is not None for parameter in parameters]
        pieces = [torch.zeros_like(each) if each.grad is None else each.grad for each in parameters]
        flat = torch.cat([torch.tensor(there, dtype=torch.float32, device=self.device), *map(torch.ravel, pieces)])
        _reduced(flat)
        counts, rest = flat[: len(there)].tolist(), flat[len(there) :] / self.world
        means = torch.split(rest, [each.numel() for each in parameters])
        for parameter, count, mean in zip(parameters, counts, means, strict=True):
            parameter.grad = mean.view(parameter.shape).clone() if count else None

    def any(self, flag: object) -> bool:
        """Whether it is true in any process."""
        return any(self.mean([float(bool(flag))]))

    def agree(self, error: TenshotError | None) -> None:
        """Goes on if no process has an error, else raises in all of them.

        Args:
            error: of this process.

        Raises:
            TenshotError: in the first process, that of the first process that has one.
            SaidElsewhereError: in the other processes.
        """
        if self.world == 1:
            if error:
                raise error
            return
        whose = torch.tensor(self.rank if error else self.world, device=self.device)
        _reduced(whose, distributed.ReduceOp.MIN)
        if (origin := int(whose)) == self.world:
            return
        said = self._said(error, origin)
        if not self.leads:
            raise SaidElsewhereError(said)
        raise error if error and origin == self.rank else _named(said)

    @contextmanager
    def agreed(self) -> Iterator[None]:
        """Goes on after the block if no process had an error in it, else raises as ``agree`` does."""
        failed: TenshotError | None = None
        try:
            yield
        except TenshotError as error:
            failed = error
        self.agree(failed)

    def _said(self, error: TenshotError | None, origin: int) -> str:
        """Kind and message of one process's error; spelt out in bytes, as torch would send objects as pickles."""
        told = list(f"{type(error).__name__} {error}".encode()) if self.rank == origin else []
        length = torch.tensor(len(told), device=self.device)
        _spread(length, origin)
        told = told or [0] * int(length)
        text = torch.tensor(told, dtype=torch.uint8, device=self.device)
        _spread(text, origin)
        return bytes(text.tolist()).decode()


def _reduced(tensor: Tensor, how: distributed.ReduceOp.RedOpType = distributed.ReduceOp.SUM) -> None:
    with _in_company():
        distributed.all_reduce(tensor, how)


def _spread(tensor: Tensor, origin: int) -> None:
    with _in_company():
        distributed.broadcast(tensor, origin)


@contextmanager
def _in_company() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        msg = "another process of this training has ended"
        raise TrainingError(msg) from error


def _named(said: str) -> TenshotError:
    name, _, message = said.partition(" ")
    kind = getattr(errors, name, TrainingError)
    return kind(message) if issubclass(kind, TenshotError) else TrainingError(message)
