"""From whatever a caller holds to photos that can teach: decode, refuse, cut into frames of one size."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

from tenshot.core.errors import ImageError, MissingError, SupportError
from tenshot.core.types import Image
from tenshot.data.images import check_informative, read_image
from tenshot.detectors.framing import Framing, median_framing, take_photo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from tenshot.data.images import ImageLike
    from tenshot.detectors.framing import Photo

    Source: TypeAlias = ImageLike | Image

__all__ = ["LeftOut", "as_sequence", "decode", "require_one_kind", "take_photos"]

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
    choose: Callable[[Image], Framing],
    roi: Tensor | None = None,
    framing: Framing | None = None,
    skip_broken: bool = False,
) -> tuple[list[Photo], list[LeftOut]]:
    """Decodes normal images, refuses those that cannot teach anything, and cuts the rest into frames of one size.

    Only frames are kept, in half precision, so ten 12-megapixel photos need no more memory than ten thumbnails. The
    same picture given twice counts once: held out against its own copy it would look perfectly normal.

    Args:
        sources: normal images.
        choose: the framing that would suit one image by itself.
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
        photo = take_photo(image, framing=how or choose(image), roi=roi)
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


class _Named(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def is_grey(self) -> bool: ...


def require_one_kind(photos: Sequence[_Named]) -> None:
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


def _label(source: Source, index: int) -> str:
    if isinstance(source, Image):
        return source.name
    return str(source) if isinstance(source, str | os.PathLike) else f"image {index + 1}"
