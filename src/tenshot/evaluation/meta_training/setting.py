"""From what is said on the command line to configurations of trainings, and from those to a record of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from tenshot.core.errors import InputError
from tenshot.training.config_file import assign, checked
from tenshot.training.settings import TrainingConfig
from tenshot.training.task_source import TaskSource

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["changed", "configured", "parse_source", "recorded"]

HELD_OUT_SEED = 1000
KINDS = get_args(TaskSource.model_fields["kind"].annotation)
PRODUCTS = "products"


def parse_source(text: str, *, held_out: bool = False) -> TaskSource:
    """Where tasks come from: ``KIND:FOLDER``, a folder alone for ``images:FOLDER``, or ``products`` without one.

    Args:
        text: as it was written.
        held_out: for tasks that nothing is learned from: other synthetic products.

    Raises:
        InputError: for no folder.
    """
    head, colon, rest = text.partition(":")
    # A colon may also be a part of a path.
    kind, folder = (head, rest) if colon and head in KINDS else ("images", text)
    kind, folder = (PRODUCTS, "") if text == PRODUCTS else (kind, folder)
    if not folder and kind != PRODUCTS:
        msg = f"source of tasks: expected FOLDER, KIND:FOLDER (KIND: {', '.join(KINDS)}) or {PRODUCTS}, got {text!r}"
        raise InputError(msg)
    seed = HELD_OUT_SEED if held_out and kind == PRODUCTS else 0
    return TaskSource.model_validate({"kind": kind, "folder": folder or None, "seed": seed})


def configured(
    train_on: Sequence[TaskSource],
    watch: Sequence[TaskSource],
    *,
    usual: Mapping[str, Any],
    changes: Sequence[str] = (),
) -> TrainingConfig:
    """A training; what is watched and lies within a folder that is learned from is not learned from.

    Args:
        train_on: sources of tasks to learn from.
        watch: of tasks that are watched only.
        usual: settings by name.
        changes: of them, as ``NAME=VALUE`` with dotted names.

    Raises:
        InputError: for settings that cannot be.
    """
    tasks = [_without(source, watch).model_dump() for source in train_on]
    sources = {"tasks": tasks, "validation": [source.model_dump() for source in watch]}
    # Onto whole settings: a section of which one thing is said would lose what a training has for the rest.
    return changed(checked(TrainingConfig, {**usual, **sources}), changes)


def changed(config: TrainingConfig, changes: Sequence[str]) -> TrainingConfig:
    """A training with settings changed, as ``NAME=VALUE`` with dotted names; errors as of ``configured``."""
    return checked(TrainingConfig, assign(config.model_dump(), changes))


def recorded(config: TrainingConfig) -> dict[str, Any]:
    """The settings in plain types, paths without the folders that they lie in: these are of one machine only."""

    def plain(value: Any) -> Any:  # noqa: ANN401 - whatever settings hold
        if isinstance(value, dict):
            return {name: plain(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [plain(each) for each in value]
        return value.resolve().name if isinstance(value, Path) else value

    return dict(plain(config.model_dump()))


def _without(source: TaskSource, watch: Sequence[TaskSource]) -> TaskSource:
    """A source without the tasks that are watched; tasks are called by their paths below its folder."""
    if source.folder is None or source.kind == PRODUCTS:
        return source
    whole = source.folder.resolve()
    folders = [each.folder.resolve() for each in watch if each.folder is not None and each.kind != PRODUCTS]
    held = [each.relative_to(whole).as_posix() for each in folders if each != whole and each.is_relative_to(whole)]
    return source.model_copy(update={"exclude": (*source.exclude, *held)})
