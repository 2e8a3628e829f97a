"""What training sees, in which order: drawn by a generator, without an end."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from tenshot.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor

__all__ = ["Episode", "episodes", "random_batches"]


class Episode(NamedTuple):
    """A few normal frames of one task to adapt with, and others of the same task to be judged by.

    Attributes:
        support: ``(K, 3, h, w)`` in [0, 1].
        query: ``(M, 3, h, w)`` in [0, 1]; none of them is in the support.
        twin: draws the query at a place as it would be with a flaw, ``(3, h, w)``; ``None`` where that is not known.
        foreign: reads a few pictures of other tasks, ``(N, 3, h, w)``; ``None`` where there are none.
    """

    support: Tensor
    query: Tensor
    twin: Callable[[int], Tensor] | None = None
    foreign: Callable[[], Tensor] | None = None


def random_batches(frames: Tensor, *, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Batches in random order, every frame once before any comes again; batches run on over that border.

    Args:
        frames: ``(N, …)``, at least one.
        size: of a batch; of fewer frames than that, some come twice.
        generator: decides the order.
    """
    left = torch.empty(0, dtype=torch.int64)
    while True:
        while len(left) < size:
            left = torch.cat([left, torch.randperm(len(frames), generator=generator)])
        yield frames[left[:size]]
        left = left[size:]


def episodes(
    tasks: Sequence[Tensor], *, shots: int, queries: int, size: int, generator: torch.Generator
) -> Iterator[list[Episode]]:
    """Batches of episodes: tasks with replacement, frames of a task without.

    A task gives at most half of its frames as support, and no more queries than the rest.

    Args:
        tasks: ``(N, 3, h, w)`` per task, N at least 2.
        shots: K.
        queries: M.
        size: episodes in a batch.
        generator: decides everything.

    Raises:
        InputError: for no tasks, or one with fewer than two frames.
    """
    if not tasks or min(len(task) for task in tasks) < 2:  # noqa: PLR2004 - one to adapt with, one to be judged by
        counts = ", ".join(str(len(task)) for task in tasks) or "no tasks"
        msg = f"tasks: expected at least one, each with at least two frames, got {counts}"
        raise InputError(msg)
    return _episodes(tasks, shots=shots, queries=queries, size=size, generator=generator)


def _episodes(
    tasks: Sequence[Tensor], *, shots: int, queries: int, size: int, generator: torch.Generator
) -> Iterator[list[Episode]]:
    while True:
        chosen = torch.randint(len(tasks), (size,), generator=generator).tolist()
        yield [_episode(tasks[index], shots, queries, generator) for index in chosen]


def _episode(frames: Tensor, shots: int, queries: int, generator: torch.Generator) -> Episode:
    order = torch.randperm(len(frames), generator=generator)
    split = min(shots, len(frames) // 2)
    return Episode(frames[order[:split]], frames[order[split : split + queries]])
