"""From normal images to a task: decode, extract, order atoms, hold out."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias, cast

import torch

from tenshot.core.errors import ImageError, MissingError, SupportError
from tenshot.core.types import Image
from tenshot.data.images import check_informative, read_image
from tenshot.detectors.adaptive_energy.framing import Framing, choose_framing, median_framing, take_photo
from tenshot.detectors.adaptive_energy.judging import hold_out
from tenshot.detectors.adaptive_energy.path import ScoringPath
from tenshot.detectors.adaptive_energy.selection import SAMPLES, choose
from tenshot.detectors.adaptive_energy.shots import dictionary_of, order_atoms, positions, take_shot, too_small

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from tenshot.core.config import DetectorConfig
    from tenshot.data.images import ImageLike
    from tenshot.detectors.adaptive_energy.framing import Photo
    from tenshot.detectors.adaptive_energy.selection import Choice
    from tenshot.detectors.adaptive_energy.shots import Shot
    from tenshot.detectors.adaptive_energy.task import Task
    from tenshot.features import Extractor

    Source: TypeAlias = ImageLike | Image

    Progress = Callable[[int, int], None]

__all__ = ["LeftOut", "as_sequence", "decode", "extract", "learn", "require_one_kind", "select_photos", "take_photos"]

BATCH_DIMENSIONS = 4


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A normal image that was given but not used.

    Attributes:
        name: of the image.
        reason: why, in one sentence.
    """

    name: str
    reason: str


def as_sequence(images: Source | Iterable[Source]) -> Sequence[Source]:
    """One image, several, or a batch (an array or tensor with one dimension more than an image) as a sequence."""
    is_batch = getattr(images, "ndim", 0) == BATCH_DIMENSIONS
    is_one = isinstance(images, str | os.PathLike) or hasattr(images, "ndim") or not isinstance(images, Iterable)
    return [cast("Source", images)] if is_one and not is_batch else list(cast("Iterable[Source]", images))


def decode(source: Source, position: int = 0) -> Image:
    """An image from anything a caller may hold; images in memory are named by their position, from 1."""
    if isinstance(source, Image):
        return source
    name = None if isinstance(source, str | os.PathLike) else f"image {position + 1}"
    return read_image(source, name=name)


def take_photos(
    sources: Iterable[Source],
    *,
    extractor: Extractor,
    config: DetectorConfig,
    roi: Tensor | None = None,
    framing: Framing | None = None,
    skip_broken: bool = False,
) -> tuple[list[Photo], list[LeftOut]]:
    """Decodes normal images, refuses those that cannot teach anything, and cuts the rest into frames of one size.

    Only frames are kept, in half precision, so ten 12-megapixel photos need no more memory than ten thumbnails. The
    same picture given twice counts once: held out against its own copy it would look perfectly normal.

    Args:
        sources: normal images.
        extractor: for the input sizes it allows.
        config: for size and tiles.
        roi: region of interest.
        framing: of the task if it exists already; ``None`` for the median shape of these images.
        skip_broken: leave out images that cannot be read or hold nothing, instead of raising.

    Raises:
        SupportError: for an image that cannot be used, or grey and colour images mixed.
    """
    held = list(sources)
    photos: list[tuple[int, Photo]] = []
    left_out: list[LeftOut] = []
    seen: dict[str, str] = {}

    def cut(index: int, how: Framing | None) -> Photo:
        image = decode(held[index], index)
        check_informative(image)
        photo = take_photo(image, framing=how or _own_framing(image, extractor, config), roi=roi)
        return replace(photo, frames=photo.frames.half())

    for index in range(len(held)):
        try:
            photo = cut(index, framing)
        except (ImageError, MissingError) as error:
            if not skip_broken:
                msg = f"normal image cannot be used: {error}"
                raise SupportError(msg) from error
            left_out.append(LeftOut(_label(held[index], index), str(error)))
            continue
        if photo.digest in seen:
            left_out.append(LeftOut(photo.name, f"the same picture as {seen[photo.digest]}"))
            continue
        seen[photo.digest] = photo.name
        photos.append((index, photo))
    require_one_kind([photo for _, photo in photos])
    if photos and framing is None:
        common = median_framing([photo for _, photo in photos])
        # Photos of another shape are decoded a second time: rarer than holding every photo in memory would be dear.
        photos = [(i, photo if photo.framing == common else cut(i, common)) for i, photo in photos]
    return [photo for _, photo in photos], left_out


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


def _own_framing(image: Image, extractor: Extractor, config: DetectorConfig) -> Framing:
    # Views turned by 90 degrees fit the same frame only if it is square.
    turned = config.dictionary.augment in {"rotations", "all"}
    return choose_framing(
        (1, 1) if turned else (image.pixels.shape[0], image.pixels.shape[1]),
        image_size=config.image_size or extractor.spec.image_size,
        multiple=extractor.spec.multiple,
        tile=config.tile,
    )


def _label(source: Source, index: int) -> str:
    if isinstance(source, Image):
        return source.name
    return str(source) if isinstance(source, str | os.PathLike) else f"image {index + 1}"


def require_one_kind(photos: Sequence[Photo | Shot]) -> None:
    """Refuses grey and colour normals in one task.

    Raises:
        SupportError: naming one of each.
    """
    grey = [photo.name for photo in photos if photo.is_grey]
    colour = [photo.name for photo in photos if not photo.is_grey]
    if grey and colour:
        msg = (
            f"normal images must be all grey or all colour: {len(grey)} are grey ({grey[0]}, ...), "
            f"{len(colour)} are colour ({colour[0]}, ...)"
        )
        raise SupportError(msg)
