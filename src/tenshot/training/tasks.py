"""Collections of tasks: which there are, and their frames when an episode asks for them."""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from tenshot.core.errors import InputError, MissingError
from tenshot.data.frames import resized, to_tensor
from tenshot.data.images import read_image
from tenshot.training.finding import find_tasks
from tenshot.training.randomness import torch_generator
from tenshot.training.surfaces import invented
from tenshot.training.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import Tensor

    from tenshot.training.cropping import Crops
    from tenshot.training.finding import Task
    from tenshot.training.task_source import TaskSource
    from tenshot.training.workshop import Blueprint

    _Size = tuple[int, int] | int
    _Key = tuple[Path, _Size] | tuple[Blueprint, int]

__all__ = ["Tasks", "gather_tasks"]

LEVELS = 255
MEBIBYTE = 2**20


@dataclass(frozen=True)
class Tasks:
    """Tasks to draw episodes from; pictures are read when they are asked for and kept while there is room.

    Attributes:
        tasks: in a fixed order.
        chances: ``(T,)``, by which each is drawn; they sum to 1.
        image_size: side of the square frames in pixels.
        kept: decoded pictures.
        workshop: where synthetic products are drawn.
    """

    tasks: tuple[Task, ...]
    chances: tuple[float, ...]
    image_size: int
    kept: _Kept
    workshop: Workshop

    def __len__(self) -> int:
        return len(self.tasks)

    def pick(self, uniform: float) -> int:
        """The task that a number drawn from U(0, 1) stands for."""
        place = int(np.searchsorted(np.cumsum(self.chances), uniform, side="right"))
        return min(place, len(self.tasks) - 1)

    def count(self, task: int) -> int:
        """How many pictures a task has; see ``Collection``."""
        return len(self.tasks[task])

    def bounds(self, task: int) -> tuple[float, float] | None:
        """Of a crop's side, for a texture; see ``Collection``."""
        return self.tasks[task].crop

    def frames(self, task: int, indices: Sequence[int]) -> Tensor:
        """Whole pictures of a task, squeezed into squares, or photos of a synthetic product.

        Returns:
            ``(n, 3, s, s)`` float32 in [0, 1].

        Raises:
            MissingError: a picture, or the whole folder, is not there any more.
            ImageError: a picture that cannot be read.
        """
        chosen, size = self.tasks[task], (self.image_size, self.image_size)
        if chosen.blueprint is not None:
            return torch.stack([_unit(self._photo(chosen.blueprint, index)) for index in indices])
        return torch.stack([_unit(self._read(task, chosen.files[index], size)) for index in indices])

    def has_flaws(self, task: int) -> bool:
        """Whether it is a synthetic product; see ``Collection``."""
        return self.tasks[task].blueprint is not None

    def flawed(self, task: int, index: int, *, flaw: int) -> Tensor | None:
        """A frame of a synthetic product as it would be with a flaw; nothing else differs.

        Args:
            task: its place.
            index: of the frame.
            flaw: a number that the flaw follows from.

        Returns:
            ``(3, s, s)`` float32 in [0, 1]; ``None`` for a task that is no synthetic product.

        Raises:
            MissingError: a texture is not there any more.
            ImageError: a texture that cannot be read.
        """
        blueprint = self.tasks[task].blueprint
        return None if blueprint is None else _unit(_levels(self.workshop.photo(blueprint, index, flaw=flaw)))

    def glimpse(self, task: int, uniform: float) -> Tensor:
        """Some picture of a task, for its texture: of a synthetic product one of those that its surface may be of.

        Args:
            task: its place.
            uniform: a number in [0, 1) that decides which picture.

        Returns:
            ``(3, s, s)`` float32 in [0, 1].

        Raises:
            MissingError: the picture is not there any more.
            ImageError: a picture that cannot be read.
        """
        chosen, size = self.tasks[task], (self.image_size, self.image_size)
        files = chosen.blueprint.textures if chosen.blueprint else chosen.files
        if not files:
            return invented(self.image_size, generator=torch_generator("glimpse", task, int(uniform * 2**32)))
        return _unit(self._read(task, files[int(uniform * len(files))], size))

    def crops(self, task: int, crops: Crops) -> Tensor:
        """Crops of the one picture of a task, as squares; shape and errors as for ``frames``."""
        chosen = self.tasks[task]
        smallest, _ = chosen.crop or (1.0, 1.0)
        # What the smallest crop needs to fill a frame is kept; more would be resized away.
        picture = self._read(task, chosen.files[0], round(self.image_size / smallest))
        size = (self.image_size, self.image_size)
        boxes = crops.boxes((picture.shape[-2], picture.shape[-1]))
        parts = [picture[:, top : top + side, left : left + side] for top, left, side in boxes]
        return torch.stack([resized(_unit(part), size) for part in parts])

    def _read(self, task: int, file: Path, size: _Size) -> Tensor:
        held = self.kept.get((file, size))
        if held is not None:
            return held
        # os.path answers False where Path would raise, as for a folder that may not be entered any more.
        if not os.path.isdir(file.parent):  # noqa: PTH112
            msg = f"task {self.tasks[task].name}: its folder {file.parent} is not there any more"
            raise MissingError(msg)
        image = read_image(file)
        pixels = to_tensor(image)
        small = resized(pixels[:1] if image.is_grey else pixels, _shape(pixels, size))
        levels = _levels(small)
        self.kept.put((file, size), levels)
        return levels

    def _photo(self, blueprint: Blueprint, index: int) -> Tensor:
        levels = self.kept.get((blueprint, index))
        if levels is None:
            levels = _levels(self.workshop.photo(blueprint, index))
            self.kept.put((blueprint, index), levels)
        return levels


def gather_tasks(
    sources: Sequence[TaskSource], *, image_size: int, needed: int, base: Path, memory: int = 512
) -> Tasks:
    """Lists the tasks of several sources; no picture is read.

    Args:
        sources: where tasks come from.
        image_size: side of the square frames in pixels.
        needed: pictures that an episode takes of a task.
        base: what relative folders are relative to.
        memory: decoded pictures that are kept, in MiB.

    Raises:
        MissingError: a folder that is not there.
        InputError: a source without tasks, a task with fewer pictures than an episode needs, a name to be excluded that
            no task has.
    """
    found = [find_tasks(source, base=base, needed=needed) for source in sources]
    if not found:
        msg = "tasks: expected at least one source, got none"
        raise InputError(msg)
    weights = [source.weight or len(tasks) for source, tasks in zip(sources, found, strict=True)]
    chances = [weight / len(tasks) / sum(weights) for weight, tasks in zip(weights, found, strict=True) for _ in tasks]
    every = tuple(task for tasks in found for task in tasks)
    return Tasks(every, tuple(chances), image_size, _Kept(memory * MEBIBYTE), Workshop(image_size))


class _Kept:
    """Pictures as bytes, the least recently used given up first."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.size = 0
        self.pictures: OrderedDict[_Key, Tensor] = OrderedDict()

    def get(self, key: _Key) -> Tensor | None:
        if key in self.pictures:
            self.pictures.move_to_end(key)
        return self.pictures.get(key)

    def put(self, key: _Key, picture: Tensor) -> None:
        self.pictures[key] = picture
        self.size += picture.numel()
        while self.size > self.most:
            _, oldest = self.pictures.popitem(last=False)
            self.size -= oldest.numel()


def _shape(pixels: Tensor, size: _Size) -> tuple[int, int]:
    """The wanted shape, or the picture's own with a shorter side of at most so many pixels."""
    if isinstance(size, tuple):
        return size
    height, width = pixels.shape[-2:]
    factor = min(1.0, size / min(height, width))
    return max(1, round(height * factor)), max(1, round(width * factor))


def _levels(pixels: Tensor) -> Tensor:
    """Floats in [0, 1] as bytes."""
    return (pixels * LEVELS).round().to(torch.uint8)


def _unit(levels: Tensor) -> Tensor:
    """Bytes as floats in [0, 1], three channels."""
    return (levels.to(torch.float32) / LEVELS).expand(3, -1, -1)
