"""Whether a folder can be begun in, or gone on with, and from where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenshot.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import nn

    from tenshot.training.checkpoints import Checkpoint, Checkpoints
    from tenshot.training.run_settings import OptimiserSettings, RunSettings

__all__ = ["CONFIG", "find_start", "first_difference"]

CONFIG = "config"
"""Where a checkpoint keeps the configuration it was made with."""

ABSENT = object()
FREE = {
    "memory",
    *(f"run.{name}" for name in ("steps", "log_every", "check_every", "checkpoint_every", "pictures_every")),
    *(f"run.{name}" for name in ("accelerator", "processes")),
}
"""What may change when a training is resumed: how long it lasts, what is written down, and where it runs."""


def find_start(
    checkpoints: Checkpoints,
    lesson: nn.Module,
    *,
    config: Mapping[str, Any],
    settings: RunSettings,
    optimiser: OptimiserSettings,
    resume: bool,
) -> Checkpoint | None:
    """The checkpoint to go on from, ``None`` to begin.

    Args:
        checkpoints: of the training.
        lesson: whose networks it is to fit.
        config: everything that decides the training, in plain types.
        settings: for how many steps.
        optimiser: whether that number decides the learning rate.
        resume: whether to go on.

    Raises:
        InputError: for a training that is not to be resumed, or cannot be: configured differently, with other networks,
            longer already, or damaged.
    """
    if not resume:
        if files := checkpoints.files():
            msg = f"{checkpoints.folder.parent}: expected a folder without a training, or --resume; found {files[0]}"
            raise InputError(msg)
        return None
    start = checkpoints.newest()
    if start:
        _check_config(start, config, settings, optimiser)
        _check_networks(start, lesson)
    return start


def first_difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, Any, Any] | None:
    """The first setting in which two configurations differ, by its dotted name, and both values."""
    old, new = dict(_flat(before)), dict(_flat(now))
    for name in [*new, *(old.keys() - new.keys())]:
        if name not in FREE and old.get(name, ABSENT) != new.get(name, ABSENT):
            return name, old.get(name, ABSENT), new.get(name, ABSENT)
    return None


def _check_config(
    start: Checkpoint, config: Mapping[str, Any], settings: RunSettings, optimiser: OptimiserSettings
) -> None:
    made, done = start.state.get(CONFIG, {}), start.state["global_step"]
    if difference := first_difference(made, config):
        name, before, now = difference
        msg = f"{name}: expected {_told(before)}, with which {start.file} was made, got {_told(now)}"
        raise InputError(msg)
    if settings.steps < done:
        msg = f"run.steps: expected at least {done}, which {start.file} has done, got {settings.steps}"
        raise InputError(msg)
    before = made.get("run", {}).get("steps", settings.steps)
    if optimiser.decay != "none" and settings.steps != before:
        why = "on which the decay of the learning rate depends"
        msg = f"run.steps: expected {before} as before, {why}, got {settings.steps}"
        raise InputError(msg)


def _check_networks(start: Checkpoint, lesson: nn.Module) -> None:
    had = {name: tuple(tensor.shape) for name, tensor in start.state["state_dict"].items()}
    has = {f"lesson.{name}": tuple(tensor.shape) for name, tensor in lesson.state_dict().items()}
    for name in [*has, *(had.keys() - has.keys())]:
        if had.get(name) != has.get(name):
            msg = f"{start.file}: expected {name} of shape {has.get(name)}, got {had.get(name)}"
            raise InputError(msg)


def _flat(values: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{place}{name}.")
        else:
            yield f"{place}{name}", value


def _told(value: object) -> str:
    return "nothing" if value is ABSENT else repr(value)
