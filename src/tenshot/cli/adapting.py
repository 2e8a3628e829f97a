"""From options to an adapted task: settings, detector, normal photos, and what is said about them."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Any

from tenshot.cli.console import hint, progress
from tenshot.core.errors import InputError, OutputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tenshot.cli.options import DetectorOptions, RunOptions, SupportOptions
    from tenshot.core.config import DetectorConfig
    from tenshot.detectors import Adapted
    from tenshot.reports import TaskSummary

__all__ = [
    "adapt_to",
    "detector_config",
    "layer_numbers",
    "load_task",
    "named",
    "prepare_machine",
    "require_place",
    "task_summary",
    "tell_left_out",
]

MANY_SHOTS = 40


def detector_config(
    detector: DetectorOptions, support: SupportOptions | None = None, run: RunOptions | None = None
) -> DetectorConfig:
    """The library's settings with what the command line overrides.

    Raises:
        InputError: naming the option, what is allowed and what came.
    """
    from tenshot.core.config import settings

    return settings(
        _given(
            image_size=detector.image_size,
            tile=detector.tile,
            extractor=_given(
                name=detector.extractor,
                layers=layer_numbers(detector.layers),
                weights=run.weights if run else None,
                adapter=run.adapter if run else None,
            ),
            coding=_given(method=detector.coding, receptive_field=detector.receptive_field),
            dictionary=_given(augment=support.augment if support else None),
            scoring=_given(map=detector.map, score=detector.score),
        )
    )


def layer_numbers(text: str | None) -> tuple[int, ...] | None:
    """Reads ``1,2,3``.

    Raises:
        InputError: for anything but whole numbers separated by commas.
    """
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        msg = f"--layers: expected whole numbers separated by commas such as 1,2,3, got {text!r}"
        raise InputError(msg) from error


def prepare_machine(run: RunOptions) -> None:
    """Limits the threads the network computes with, and makes sure that its device is there.

    Raises:
        InputError: for no thread at all, or a device that cannot be used.
    """
    import torch

    if run.threads is not None:
        if run.threads < 1:
            msg = f"--threads: expected at least 1, got {run.threads}"
            raise InputError(msg)
        torch.set_num_threads(run.threads)
    try:
        torch.zeros(1, device=run.device)
    except (RuntimeError, AssertionError) as error:
        msg = f"--device: {run.device!r} cannot be used on this machine ({str(error).splitlines()[0]})"
        raise InputError(msg) from error


def adapt_to(photos: Sequence[Path], *, support: SupportOptions, detector: DetectorOptions, run: RunOptions) -> Adapted:
    """Adapts a new detector to normal photos, and says on stderr which ones it took and why."""
    config = detector_config(detector, support, run)
    with progress(f"Loading {detector.extractor}"):
        from tenshot.detectors import Detector

        prepare_machine(run)
        fresh = Detector.from_pretrained(config=config, device=run.device)
    with progress("Adapting") as report:
        adapted = fresh.adapt(
            photos,
            roi=support.roi,
            false_alarm_rate=support.false_alarm_rate,
            select=support.select,
            skip_broken=support.skip_broken,
            progress=report,
        )
    _tell(adapted, len(photos))
    return adapted


def require_place(file: Path) -> None:
    """Makes sure that a task file can be written, before the work for it is done.

    Raises:
        OutputError: the file cannot be created there.
    """
    try:
        if os.path.isdir(file):  # noqa: PTH112 - Path.is_dir raises for names that are too long
            raise IsADirectoryError(21, "there is a folder of that name")
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}."):
            pass
    except OSError as error:
        msg = f"{file}: cannot write the task file ({error.strerror or error})"
        raise OutputError(msg) from error


def load_task(path: Path, run: RunOptions) -> Adapted:
    """Reads a task file and the extractor it was made with."""
    with progress(f"Loading {path}"):
        from tenshot.detectors import Adapted

        prepare_machine(run)
        return Adapted.load(path, weights=run.weights, adapter=run.adapter, device=run.device)


def task_summary(adapted: Adapted, title: str, notes: tuple[str, ...] = ()) -> TaskSummary:
    """What the report says about the task."""
    from tenshot.reports import TaskSummary

    support = adapted.support
    summary = adapted.summary()
    return TaskSummary(
        title=title,
        extractor=named(summary["extractor"]),
        input_size=tuple(summary["input_size"]),
        shots=len(support),
        false_alarm_rate=summary["false_alarm_rate"],
        threshold=adapted.threshold,
        map_threshold=adapted.map_threshold,
        # A single photo was not held out but moved (see the notes): nothing to show beside other scores.
        normal_scores=tuple(image.score for image in support) if len(support) > 1 else (),
        normal_names=tuple(image.name for image in support) if len(support) > 1 else (),
        notes=(*notes, *summary["notes"]),
    )


def named(extractor: Mapping[str, Any]) -> str:
    """An extractor as people are told of it, from the summary of a task."""
    return f"{extractor['name']} with adapter {extractor['adapter']}" if extractor["adapter"] else extractor["name"]


def tell_left_out(adapted: Adapted) -> None:
    """Names on stderr the normal photos that were given and not used."""
    for photo in adapted.left_out:
        hint(f"tenshot: {photo.name} was left out: {photo.reason}")


def _tell(adapted: Adapted, found: int) -> None:
    tell_left_out(adapted)
    if adapted.choices:
        hint(f"tenshot: selected {len(adapted.choices)} of {found} photos:")
        for choice in adapted.choices:
            hint(f"  {choice.name}: {choice.reason}")
    elif found > MANY_SHOTS:
        hint(f"tenshot: adapted to {found} photos; --select 10 takes the ten most representative ones and is faster")


def _given(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}
