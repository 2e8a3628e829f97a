"""Which tasks a source holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from tenshot.core.errors import InputError, MissingError
from tenshot.data.folders import is_good_name
from tenshot.data.pairing import list_folders, list_images, name_some
from tenshot.data.sources import find_images
from tenshot.data.splitting import SPLIT_SEED, draw
from tenshot.training.workshop import PHOTOS, Blueprint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenshot.training.task_source import TaskSource

__all__ = ["Task", "find_tasks"]

NAMED = 10
PRODUCTS = 1000


@dataclass(frozen=True, slots=True)
class Task:
    """One task.

    Attributes:
        name: its path below the folder of its source, the folder's name for a folder that is a task itself, and a
            number for a synthetic product.
        files: its normal pictures, in natural order; a single one of a texture, none of a synthetic product.
        crop: of a texture, bounds of a crop's side as a share of the shorter side; ``None`` otherwise.
        blueprint: of a synthetic product; ``None`` otherwise.
    """

    name: str
    files: tuple[Path, ...] = ()
    crop: tuple[float, float] | None = None
    blueprint: Blueprint | None = None

    def __len__(self) -> int:
        """How many frames it has; of a texture, pictures that they are cut from."""
        return PHOTOS if self.blueprint else len(self.files)


def find_tasks(source: TaskSource, *, base: Path, needed: int) -> tuple[Task, ...]:
    """Lists the tasks of a source; no picture is read.

    Args:
        source: where to look.
        base: what a relative folder is relative to.
        needed: pictures that an episode takes of a task.

    Raises:
        MissingError: the folder is not there.
        InputError: no tasks, one with too few pictures, or a name to be excluded or taken that no task has.
    """
    folder = None if source.folder is None else base / source.folder
    if folder is not None and not folder.is_dir():
        msg = f"tasks: expected a folder, there is none at {folder}"
        raise MissingError(msg)
    where = "products" if folder is None else str(folder)
    found = _chosen(_listed(source, folder), source, where)
    if source.kind != "crops":
        found = _large_enough(found, source.minimum, needed)
    if not found:
        msg = f"{where}: expected tasks of kind {source.kind}, found none"
        raise InputError(msg)
    if source.limit is None or source.limit >= len(found):
        return tuple(found)
    kept = set(draw(range(len(found)), source.limit, SPLIT_SEED))
    return tuple(task for place, task in enumerate(found) if place in kept)


def _listed(source: TaskSource, folder: Path | None) -> list[Task]:
    if source.kind == "products":
        return _invented(source, folder)
    assert folder is not None  # noqa: S101 - the source has seen to it
    if source.kind == "crops":
        return [Task(task.name, task.files, source.crop) for task in _textures(folder)]
    return _classes(folder) if source.kind == "classes" else _products(folder)


def _invented(source: TaskSource, folder: Path | None) -> list[Task]:
    textures = () if folder is None else tuple(find_images(folder))
    blueprints = [
        Blueprint(folder and folder.resolve(), source.seed, number, textures)
        for number in range(source.limit or PRODUCTS)
    ]
    return [Task(str(each.number), blueprint=each) for each in blueprints]


def _products(folder: Path) -> list[Task]:
    own = _good_images(folder)
    if own:
        return [Task(folder.name, tuple(own))]
    listed = [(each, _good_images(each) or list_images(each)) for each in list_folders(folder)]
    return [Task(each.name, tuple(images)) for each, images in listed if images]


def _classes(folder: Path) -> list[Task]:
    return [Task(each.name, tuple(find_images(each))) for each in list_folders(folder)]


def _textures(folder: Path) -> list[Task]:
    return [Task(file.relative_to(folder).as_posix(), (file,)) for file in find_images(folder)]


def _good_images(folder: Path) -> list[Path]:
    """Normal images of a product in MVTec AD's layout."""
    return [image for each in list_folders(folder / "train") if is_good_name(each.name) for image in list_images(each)]


def _chosen(tasks: Sequence[Task], source: TaskSource, where: str) -> list[Task]:
    for name in (*source.exclude, *source.only):
        # A held-out product with a typing error in its name would be learned from.
        if not any(_is_called(task, name) for task in tasks):
            names = ", ".join(task.name for task in tasks[:NAMED])
            more = ", ..." if len(tasks) > NAMED else ""
            msg = f"{where}: expected the name of a task or of a folder of tasks ({names}{more}), got {name!r}"
            raise InputError(msg)
    taken = [task for task in tasks if not source.only or any(_is_called(task, name) for name in source.only)]
    return [task for task in taken if not any(_is_called(task, name) for name in source.exclude)]


def _is_called(task: Task, name: str) -> bool:
    return PurePosixPath(task.name).is_relative_to(name)


def _large_enough(tasks: Sequence[Task], minimum: int | None, needed: int) -> list[Task]:
    taken = [task for task in tasks if minimum is None or len(task) >= minimum]
    small = [task for task in taken if len(task) < needed]
    if small:
        first = small[0]
        msg = (
            f"task {first.name}: expected at least {needed} images, K + M of an episode, got {len(first)}"
            f"{_named(first)}; exclude it, or set minimum to {needed} to pass over small tasks"
        )
        raise InputError(msg)
    return taken


def _named(task: Task) -> str:
    return f" ({name_some(task.files)})" if task.files else ""
