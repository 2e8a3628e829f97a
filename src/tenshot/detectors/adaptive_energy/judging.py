"""From photos to numbers: one photo against a dictionary, and every shot against all the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenshot.core.errors import SupportError
from tenshot.detectors.single_shot import SHIFT_FACTOR, moved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from tenshot.detectors.adaptive_energy.path import ScoringPath
    from tenshot.detectors.adaptive_energy.shots import Shot
    from tenshot.detectors.framing import Photo

__all__ = ["hold_out", "judge_photo"]


def judge_photo(path: ScoringPath, photo: Photo) -> tuple[float, Tensor]:
    """Scores a photo frame by frame.

    Frames go through one at a time: on a CPU that is as fast as a batch, needs less memory, and makes a photo's score
    independent of what it is batched with.

    Returns:
        The worst frame's score, and the map over the whole photo.
    """
    regions = [None] * len(photo.frames) if photo.inside is None else [each[None].float() for each in photo.inside]
    judged = [path(frame[None], roi=region) for frame, region in zip(photo.frames, regions, strict=True)]
    score = max(float(scores[0]) for scores, _ in judged)
    return score, photo.framing.stitch([maps[0] for _, maps in judged], photo.size)


def hold_out(path: ScoringPath, shots: Sequence[Shot], index: int) -> tuple[float, float]:
    """Scores a shot as if it were not part of the task.

    A single shot cannot be held out. Copies of it, moved by half a position, stand in for a second photo: they are
    the least like what the dictionary holds that the same part can be.

    Args:
        path: with the dictionary of all shots.
        shots: of the task.
        index: of the shot to hold out.

    Returns:
        Its score and the largest value of its map, against a dictionary with fewer atoms than an unseen photo will
        meet: a little high for few shots.

    Raises:
        SupportError: for a single shot whose image is no longer there.
    """
    shot = shots[index]
    if len(shots) == 1:
        return _shifted(path, shot)
    judged = [_held_out_frame(path, shot, frame, index) for frame in range(shot.features.shape[1])]
    return max(score for score, _ in judged), max(peak for _, peak in judged)


def _held_out_frame(path: ScoringPath, shot: Shot, frame: int, exclude: int) -> tuple[float, float]:
    region = _region(shot, frame)
    if shot.frames is not None:
        scores, maps = path(shot.frames[frame][None].float(), roi=region, exclude=exclude)
    else:
        features = shot.features[0, frame][None].float()
        scores, maps = path.judge(features, size=path.frame_size(features), roi=region, exclude=exclude)
    return float(scores[0]), float(maps.max())


def _shifted(path: ScoringPath, shot: Shot) -> tuple[float, float]:
    if shot.frames is None:
        msg = f"{shot.name}: a single normal image is left and cannot be held out; keep two, or adapt anew to this one"
        raise SupportError(msg)
    half = max(1, path.extractor.spec.grid_stride // 2)
    judged = []
    for step in (-half, half):
        for index, frame in enumerate(shot.frames):
            scores, maps = path(moved(frame[None].float(), step), roi=_region(shot, index))
            judged.append((float(scores[0]), float(maps.max())))
    return SHIFT_FACTOR * max(score for score, _ in judged), SHIFT_FACTOR * max(peak for _, peak in judged)


def _region(shot: Shot, frame: int) -> Tensor | None:
    return None if shot.inside is None else shot.inside[frame][None].float()
