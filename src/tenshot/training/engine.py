"""The engine: a lesson in, trained weights out. Lightning runs the loop; what is seen and lowered is the lesson's.

What it promises:

- A training that was killed at any time and resumed ends with the weights of one that was not, bit for bit on one
  machine with as many threads; its log too, times aside.
- Any number of processes, and any split of a step's episodes into accumulated batches, trains the same up to rounding.
- It ends in one sentence, after which the last good checkpoint is there and named.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import torch

from tenshot.core.errors import TenshotError, TrainingError
from tenshot.training.checkpoints import Checkpoints
from tenshot.training.config_file import as_yaml
from tenshot.training.course import Course, Progress
from tenshot.training.files import write_tensors, write_whole
from tenshot.training.lesson import Lesson, Outcome
from tenshot.training.machine import find_place, is_first
from tenshot.training.manners import lightning_needed
from tenshot.training.resuming import find_start
from tenshot.training.run_settings import OptimiserSettings, RunSettings
from tenshot.training.together import SaidElsewhereError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["WEIGHTS", "Lesson", "Outcome", "Progress", "run", "what_is_left"]

CHECKPOINTS, SETTINGS, WEIGHTS = "checkpoints", "config.yaml", "weights.safetensors"


def run(
    lesson: Lesson,
    *,
    settings: RunSettings,
    out: Path,
    optimiser: OptimiserSettings | None = None,
    config: Mapping[str, Any] | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> Path:
    """Trains a lesson's networks in place, and leaves them in evaluation mode.

    Writes ``config.yaml``, ``checkpoints``, ``log.csv``, ``pictures``, files for TensorBoard if that is installed,
    ``best.safetensors`` if the lesson tells which weights are, and in the end ``weights.safetensors``. Several
    processes are started by running the program's own command once more for each, and meet here.

    Args:
        lesson: what is trained.
        settings: how long and how.
        out: the folder of results, made if need be.
        optimiser: how weights move; ``None`` for the defaults.
        config: everything that decides the training, in plain types, to know it by when it is resumed: ``settings``
            under ``run``, ``optimiser`` under its name, and more; ``None`` for these two.
        resume: go on from the newest whole checkpoint in ``out``, or begin if there is none.
        progress: who is told how it goes.
        stop: asked after every step; true ends the training with a checkpoint and a ``KeyboardInterrupt``.

    Returns:
        The file of weights.

    Raises:
        InputError: for settings that cannot be had here, a folder that holds a training already or, to be resumed,
            another one.
        TrainingError: for a loss or gradients that are no numbers, and for what the lesson calls a collapse.
        OutputError: if something cannot be written.
        MissingError: without Lightning; from the lesson, for data that vanished.
        SaidElsewhereError: in all processes but the first, which raises one of these.
        KeyboardInterrupt: for Ctrl+C, or if ``stop`` asked for it.
    """
    optimiser = optimiser or OptimiserSettings()
    whole = config or {"optimiser": optimiser.model_dump(mode="json"), "run": settings.model_dump(mode="json")}
    plain = json.loads(json.dumps(whole))
    checkpoints = Checkpoints(out / CHECKPOINTS)
    place = find_place(settings)
    start = find_start(checkpoints, lesson, config=plain, settings=settings, optimiser=optimiser, resume=resume)
    if is_first():
        write_whole(out / SETTINGS, as_yaml(plain).encode())
        if progress and resume and (remark := start.remark if start else f"no checkpoint in {out} yet: beginning"):
            progress.remark(remark)
    course = Course(
        settings=settings,
        optimiser=optimiser,
        place=place,
        out=out,
        config=plain,
        start=start,
        progress=progress,
        stop=stop,
    )
    return _run(lesson, course, checkpoints)


def what_is_left(out: Path) -> str:
    """What there is to go on from, of a training that ended too soon, as a part of a sentence."""
    if files := Checkpoints(out / CHECKPOINTS).files():
        return f"the last good checkpoint is {files[0]}, and --resume goes on from it"
    return "there is no checkpoint yet"


def _run(lesson: Lesson, course: Course, checkpoints: Checkpoints) -> Path:
    lesson.freeze_others()
    lesson.train()
    weights = course.out / WEIGHTS
    try:
        with torch.inference_mode(mode=False), torch.enable_grad():
            finished = _loop(lesson, course, checkpoints)
        lesson.eval()
        if finished and is_first():
            write_tensors(weights, *lesson.weights())
    except SaidElsewhereError:
        raise
    except TenshotError as error:
        msg = f"{error}; {what_is_left(course.out)}"
        raise type(error)(msg) from error
    except torch.OutOfMemoryError as error:
        remedy = "lower run.episodes_per_step and raise run.accumulate"
        msg = f"the device ran out of memory: {remedy}; {what_is_left(course.out)}"
        raise TrainingError(msg) from error
    if finished:
        return weights
    if is_first():
        raise KeyboardInterrupt
    msg = "training was asked to stop"
    raise SaidElsewhereError(msg)


def _loop(lesson: Lesson, course: Course, checkpoints: Checkpoints) -> bool:
    with lightning_needed():
        from tenshot.training.lightning_loop import train
    return train(lesson, course, checkpoints)
