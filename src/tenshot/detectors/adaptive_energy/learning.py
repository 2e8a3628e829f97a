"""From normal images to a task: decode, extract, order atoms, hold out."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import torch

from tenshot.core.errors import SupportError
from tenshot.detectors.adaptive_energy.judging import hold_out
from tenshot.detectors.adaptive_energy.path import ScoringPath
from tenshot.detectors.adaptive_energy.selection import SAMPLES, choose
from tenshot.detectors.adaptive_energy.shots import dictionary_of, order_atoms, positions, take_shot, too_small
from tenshot.detectors.framing import choose_framing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tenshot.core.config import DetectorConfig
    from tenshot.core.types import Image
    from tenshot.detectors.adaptive_energy.selection import Choice
    from tenshot.detectors.adaptive_energy.shots import Shot
    from tenshot.detectors.adaptive_energy.task import Task
    from tenshot.detectors.framing import Framing, Photo
    from tenshot.features import Extractor

    Progress = Callable[[int, int], None]

__all__ = ["extract", "learn", "own_framing", "select_photos"]


def extract(path: ScoringPath, photos: Sequence[Photo], *, progress: Progress | None = None) -> list[Shot]:
    """Runs the extractor over photos; ``progress`` is called with (done, total) after each."""
    shots = []
    for done, photo in enumerate(photos, start=1):
        shots.append(take_shot(path, photo))
        if progress is not None:
            progress(done, len(photos))
    return shots


def select_photos(
    path: ScoringPath, photos: Sequence[Photo], count: int, *, progress: Progress | None = None
) -> tuple[list[Photo], tuple[Choice, ...]]:
    """Keeps the most representative photos of many.

    Raises:
        InputError: if there are fewer than asked for.
        SupportError: for a region of interest without a single position.
    """
    samples = []
    for done, photo in enumerate(photos, start=1):
        places = positions(path, take_shot(path, photo)).cpu()
        if not len(places):
            raise SupportError(too_small(path, photo.name))
        samples.append(places[torch.linspace(0, len(places) - 1, SAMPLES).long()])
        if progress is not None:
            progress(done, len(photos))
    choices = choose(torch.stack(samples), [photo.name for photo in photos], count)
    return [photos[choice.index] for choice in choices], tuple(choices)


def learn(extractor: Extractor, task: Task, shots: Sequence[Shot]) -> tuple[ScoringPath, Task]:
    """Builds the dictionary of some shots and holds out each of them in turn.

    Args:
        extractor: of the task.
        task: whose settings are kept; its shots and scores are replaced.
        shots: at least one.

    Returns:
        The scoring path and the new task.
    """
    embedding = ScoringPath(extractor, task.config)
    ordered = order_atoms(embedding, shots, task.config.dictionary)
    path = ScoringPath(extractor, task.config, dictionary_of(embedding, ordered))
    path.to(extractor.mean.device)
    if len(shots) > 1 and task.config.scoring.map == "residual":
        ordered = tuple(replace(shot, frames=None) for shot in ordered)
    held_out = [hold_out(path, ordered, index) for index in range(len(ordered))]
    scores = tuple(score for score, _ in held_out)
    peaks = tuple(peak for _, peak in held_out)
    return path, replace(task, shots=ordered, scores=scores, peaks=peaks)


def own_framing(extractor: Extractor, config: DetectorConfig) -> Callable[[Image], Framing]:
    """The framing that suits an image by itself, for the input sizes an extractor allows and the size that is set."""
    return partial(_own_framing, extractor=extractor, config=config)


def _own_framing(image: Image, *, extractor: Extractor, config: DetectorConfig) -> Framing:
    # Views turned by 90 degrees fit the same frame only if it is square.
    turned = config.dictionary.augment in {"rotations", "all"}
    return choose_framing(
        (1, 1) if turned else (image.pixels.shape[0], image.pixels.shape[1]),
        image_size=config.image_size or extractor.spec.image_size,
        multiple=extractor.spec.multiple,
        tile=config.tile,
    )
