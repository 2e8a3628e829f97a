"""Tasks whose pictures are in memory already, to draw episodes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from tenshot.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from tenshot.training.cropping import Crops

__all__ = ["Stacks"]


class Stacks:
    """Stacks of normal frames, a task each, drawn with equal chances; a ``Collection``.

    Args:
        stacks: ``(N, 3, s, s)`` float32 in [0, 1] per task, N at least 2. A task of fewer than K + M frames shows all
            of them, half as support.

    Raises:
        InputError: for no tasks, or one with fewer than two frames.
    """

    def __init__(self, stacks: Sequence[Tensor]) -> None:
        if not stacks or min(map(len, stacks)) < 2:  # noqa: PLR2004 - one to adapt with, one to be judged by
            counts = ", ".join(str(len(each)) for each in stacks) or "no tasks"
            msg = f"tasks: expected at least one, each with at least two frames, got {counts}"
            raise InputError(msg)
        self._stacks = tuple(stacks)

    def __len__(self) -> int:
        return len(self._stacks)

    def pick(self, uniform: float) -> int:
        """The task that a number drawn from U(0, 1) stands for."""
        return min(int(uniform * len(self._stacks)), len(self._stacks) - 1)

    def count(self, task: int) -> int:
        """How many frames a task has."""
        return len(self._stacks[task])

    def bounds(self, task: int) -> None:
        """None of them is a texture to be cropped."""

    def frames(self, task: int, indices: Sequence[int]) -> Tensor:
        """Frames of a task, ``(n, 3, s, s)``."""
        return self._stacks[task][list(indices)]

    def crops(self, task: int, crops: Crops) -> NoReturn:
        """Never asked for; see ``bounds``."""
        raise NotImplementedError

    def has_flaws(self, task: int) -> bool:  # noqa: ARG002 - the same for all
        """None of them is a synthetic product."""
        return False

    def flawed(self, task: int, index: int, *, flaw: int) -> None:
        """Nobody knows; see ``has_flaws``."""

    def glimpse(self, task: int, uniform: float) -> Tensor:
        """Some frame of a task, ``(3, s, s)``."""
        stack = self._stacks[task]
        return stack[int(uniform * len(stack))]
