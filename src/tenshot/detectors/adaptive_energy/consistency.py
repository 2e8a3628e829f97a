"""Whether the parts of a task belong together: what a file claims is checked before anything is computed from it."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import torch

from tenshot.detectors.adaptive_energy.path import covered

if TYPE_CHECKING:
    from tenshot.detectors.adaptive_energy.shots import Shot
    from tenshot.detectors.adaptive_energy.task import Task
    from tenshot.features import ExtractorSpec

__all__ = ["require_consistent"]

VIEWS = {"none": 1, "flips": 2, "rotations": 4, "all": 8}


def require_consistent(task: Task, spec: ExtractorSpec) -> None:
    """Checks a task against itself and against the extractor it was made with.

    Raises:
        ValueError: naming the first part that does not fit.
    """
    height, width = task.framing.size
    _require(min(height, width) > 0 and height % spec.multiple == 0 and width % spec.multiple == 0, "framing")
    _require(0 < task.false_alarm_rate < 1, "false-alarm rate")
    _require(len(task.shots) > 0, "support")
    _require(all(math.isfinite(value) and value >= 0 for value in (*task.scores, *task.peaks)), "scores")
    _require(len({shot.digest for shot in task.shots}) == len(task.shots), "digests")
    _require(len({len(shot.order) for shot in task.shots}) == 1, "orders")
    if task.roi is not None:
        _require(task.roi.dtype == torch.float32 and task.roi.ndim == 3 and len(task.roi) == 1, "region of interest")  # noqa: PLR2004
    for shot in task.shots:
        _require_shot(shot, task, spec)


def _require_shot(shot: Shot, task: Task, spec: ExtractorSpec) -> None:
    height, width = task.framing.size
    views, frames = shot.features.shape[:2]
    shape = (sum(spec.channels), height // spec.grid_stride, width // spec.grid_stride)
    _require(re.fullmatch("[0-9a-f]{64}", shot.digest) is not None, "digest")
    _require(views == VIEWS[task.config.dictionary.augment] and frames > 0, "views")
    _require(shot.features.dtype == torch.float16 and tuple(shot.features.shape[2:]) == shape, "features")
    _require(bool(shot.features.isfinite().all()), "features")
    _require((shot.inside is None) == (task.roi is None), "region of interest")
    available = views * frames * shape[1] * shape[2]
    if shot.inside is not None:
        _require(shot.inside.dtype == torch.bool and tuple(shot.inside.shape) == (frames, height, width), "region")
        available = views * int(covered(shot.inside.float(), shape[1:]).sum())
    order = shot.order
    _require(order.dtype == torch.int64 and order.ndim == 1 and 0 < len(order) <= available, "order")
    _require(bool(((order >= 0) & (order < available)).all()), "order")
    if shot.frames is not None:
        _require(tuple(shot.frames.shape) == (frames, 3, height, width), "frames")


def _require(fits: bool, part: str) -> None:  # noqa: FBT001 - an assertion with a name
    if not fits:
        raise ValueError(part)
