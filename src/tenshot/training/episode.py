"""Episodes as a pure function of the seed, the step and the place within the step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

import torch

from tenshot.training.cropping import Crops
from tenshot.training.randomness import numpy_generator
from tenshot.training.sampling import Episode

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from torch import Tensor

    from tenshot.training.settings import EpisodeSettings

__all__ = ["Collection", "EpisodePlan", "EpisodeSampler", "turned"]

FOREIGN = 2
VIEWS = {"none": ((0, False),), "flips": ((0, False), (0, True))}
VIEWS["rotations"] = tuple((quarters, False) for quarters in range(4))
VIEWS["all"] = tuple((quarters, mirrored) for quarters in range(4) for mirrored in (False, True))


class Collection(Protocol):
    """Tasks to draw episodes from, wherever their pictures are: ``Tasks`` in folders, ``Stacks`` in memory."""

    def __len__(self) -> int:
        """How many tasks."""

    def pick(self, uniform: float) -> int:
        """The task that a number drawn from U(0, 1) stands for."""

    def count(self, task: int) -> int:
        """How many pictures a task has."""

    def bounds(self, task: int) -> tuple[float, float] | None:
        """Of a texture, the least and largest side of a crop; ``None`` for a task whose pictures are shown whole."""

    def frames(self, task: int, indices: Sequence[int]) -> Tensor:
        """Whole pictures of a task: ``(n, 3, s, s)`` float32 in [0, 1]."""

    def crops(self, task: int, crops: Crops) -> Tensor:
        """Crops of a texture, in the same form."""

    def has_flaws(self, task: int) -> bool:
        """Whether it is known how pictures of a task look with a flaw."""

    def flawed(self, task: int, index: int, *, flaw: int) -> Tensor | None:
        """A picture with the flaw of a number, ``(3, s, s)``; ``None`` for a task that knows no flaws."""

    def glimpse(self, task: int, uniform: float) -> Tensor:
        """Some picture of a task, ``(3, s, s)``, that a number drawn from U(0, 1) stands for."""


@dataclass(frozen=True, slots=True)
class EpisodePlan:
    """What an episode shows; nothing is read yet.

    Attributes:
        task: its place among the tasks.
        support: places of K pictures of the task; empty for a texture.
        query: places of M others.
        crops: of a texture; ``None`` otherwise.
        quarters: by how many quarters every frame is turned anticlockwise.
        mirrored: whether every frame is mirrored left to right before.
    """

    task: int
    support: tuple[int, ...]
    query: tuple[int, ...]
    crops: Crops | None
    quarters: int
    mirrored: bool


@dataclass(frozen=True)
class EpisodeSampler:
    """Draws episodes. Without a state: any process may draw any of them, in any order, again and again.

    Attributes:
        tasks: what is drawn from, with replacement; within an episode no frame comes twice.
        settings: K, M and the augmentation.
        seed: the same one always draws the same.
        purpose: tells apart samplers that share a seed.
    """

    tasks: Collection
    settings: EpisodeSettings
    seed: int
    purpose: str = "episode"

    def plan(self, step: int, index: int) -> EpisodePlan:
        """What the episode at a place of a step's batch shows."""
        random = numpy_generator(self.purpose, self.seed, step, index)
        task = self.tasks.pick(random.random())
        views = VIEWS[self.settings.augmentation]
        quarters, mirrored = views[int(random.integers(len(views)))]
        shots, queries = self.settings.shots, self.settings.queries
        bounds, count = self.tasks.bounds(task), self.tasks.count(task)
        if bounds is not None:
            return EpisodePlan(task, (), (), _crops(random, bounds, shots, queries), quarters, mirrored)
        places = random.permutation(count)[: shots + queries].tolist()
        # Of a task too small for K + M, half is support.
        shots = min(shots, max(count - queries, count // 2))
        return EpisodePlan(task, tuple(places[:shots]), tuple(places[shots:]), None, quarters, mirrored)

    def episode(self, step: int, index: int) -> Episode:
        """The frames of an episode.

        Raises:
            MissingError: a picture, or a whole folder, is not there any more.
            ImageError: a picture that cannot be read.
        """
        plan = self.plan(step, index)
        shots = self.settings.shots
        if plan.crops is None:
            shots = len(plan.support)
            frames = self.tasks.frames(plan.task, (*plan.support, *plan.query))
        else:
            frames = self.tasks.crops(plan.task, plan.crops)
        frames = turned(frames, plan.quarters, mirrored=plan.mirrored)
        twin = partial(self._twin, plan, (step, index)) if self.tasks.has_flaws(plan.task) else None
        foreign = partial(self._foreign, plan.task, (step, index)) if len(self.tasks) > 1 else None
        return Episode(frames[:shots], frames[shots:], twin, foreign)

    def _twin(self, plan: EpisodePlan, place: tuple[int, int], number: int) -> Tensor:
        """A query with a flaw, seen as the episode is."""
        random = numpy_generator(f"{self.purpose} flaw", self.seed, *place, number)
        frame = self.tasks.flawed(plan.task, plan.query[number], flaw=int(random.integers(2**32)))
        assert frame is not None  # noqa: S101 - it is a synthetic product
        return turned(frame, plan.quarters, mirrored=plan.mirrored)

    def _foreign(self, task: int, place: tuple[int, int]) -> Tensor:
        """A few pictures of other tasks, each task equally likely."""
        random = numpy_generator(f"{self.purpose} foreign", self.seed, *place)
        others = random.integers(len(self.tasks) - 1, size=FOREIGN).tolist()
        return torch.stack([self.tasks.glimpse(other + (other >= task), random.random()) for other in others])


def turned(frames: Tensor, quarters: int, *, mirrored: bool) -> Tensor:
    """Mirrors ``(…, h, w)`` frames left to right if asked, then turns them by quarters anticlockwise."""
    seen = frames.flip(-1) if mirrored else frames
    return torch.rot90(seen, quarters, dims=(-2, -1)).contiguous()


def _crops(random: np.random.Generator, bounds: tuple[float, float], shots: int, queries: int) -> Crops:
    side = float(random.uniform(bounds[0], bounds[1]))
    swapped, upright = (bool(value) for value in random.integers(2, size=2))
    support, query = (tuple(map(tuple, random.random((count, 2)).tolist())) for count in (shots, queries))
    return Crops(side=side, support=support, query=query, swapped=swapped, upright=upright)
