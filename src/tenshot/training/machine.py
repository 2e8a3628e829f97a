"""Where a training runs: device, processes and precision, checked before anything starts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import torch

from tenshot.core.errors import InputError

if TYPE_CHECKING:
    from tenshot.training.run_settings import RunSettings

__all__ = ["Place", "find_place", "is_first", "under_torchrun"]


class Place(NamedTuple):
    """Where a training runs.

    Attributes:
        accelerator: ``cpu`` or ``cuda``.
        processes: on this machine.
        machines: in all.
    """

    accelerator: str
    processes: int
    machines: int

    @property
    def world(self) -> int:
        """Processes in all."""
        return self.processes * self.machines


def under_torchrun() -> bool:
    """Whether torchrun started this process, and others beside it."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def is_first() -> bool:
    """Whether this process is the first of those that train together, or the only one."""
    return int(os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0"))) == 0


def find_place(settings: RunSettings) -> Place:
    """Finds out where to run.

    Raises:
        InputError: for a device, a precision or a number of processes that cannot be had here.
    """
    cuda = torch.cuda.is_available()
    if settings.accelerator == "cuda" and not cuda:
        msg = "accelerator: expected cpu or auto, since torch finds no CUDA device here, got cuda"
        raise InputError(msg)
    accelerator = "cuda" if cuda and settings.accelerator != "cpu" else "cpu"
    place = Place(accelerator, settings.processes, 1)
    if under_torchrun():
        local = int(os.environ["LOCAL_WORLD_SIZE"])
        place = Place(accelerator, local, int(os.environ["WORLD_SIZE"]) // local)
    _check_processes(settings, place)
    _check_precision(settings.precision, accelerator)
    return place


def _check_processes(settings: RunSettings, place: Place) -> None:
    if settings.episodes_per_step % place.world:
        episodes = settings.episodes_per_step
        msg = f"episodes_per_step: expected a multiple of the {place.world} processes, got {episodes}"
        raise InputError(msg)
    if place.accelerator == "cuda" and place.processes > torch.cuda.device_count():
        msg = f"processes: expected at most {torch.cuda.device_count()}, one per CUDA device, got {place.processes}"
        raise InputError(msg)


def _check_precision(precision: str, accelerator: str) -> None:
    if precision == "16-mixed" and accelerator == "cpu":
        msg = "precision: expected 32-true or bf16-mixed on a CPU, got 16-mixed, which needs CUDA"
        raise InputError(msg)
    if precision == "bf16-mixed" and accelerator == "cuda" and not torch.cuda.is_bf16_supported(False):  # noqa: FBT003
        msg = "precision: expected 32-true or 16-mixed on this CUDA device, which has no bfloat16, got bf16-mixed"
        raise InputError(msg)
