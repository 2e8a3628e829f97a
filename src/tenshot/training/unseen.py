"""What a training is watched on must not be what it learns from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenshot.core.errors import InputError
from tenshot.training.tasks import Tasks

if TYPE_CHECKING:
    from pathlib import Path

    from tenshot.training.episode import Collection
    from tenshot.training.finding import Task
    from tenshot.training.workshop import Blueprint

__all__ = ["require_unseen"]


def require_unseen(tasks: Collection, validation: Tasks | None) -> None:
    """Refuses to watch tasks whose pictures are learned from; collections without files are not looked into.

    Raises:
        InputError: naming some of them.
    """
    if validation is None or not isinstance(tasks, Tasks):
        return
    learned = {each for task in tasks.tasks for each in _shown(task)}
    shared = [task.name for task in validation.tasks if not learned.isdisjoint(_shown(task))]
    if shared:
        msg = f"validation: expected tasks that are not learned from, but {', '.join(shared[:3])} is among tasks too"
        raise InputError(msg)


def _shown(task: Task) -> set[Path | Blueprint]:
    """What a task's frames are made from; products may share textures."""
    return {task.blueprint} if task.blueprint else {file.resolve() for file in task.files}
