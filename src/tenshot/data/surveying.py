"""Every image and mask of a product, decoded once, one after another: what they are and what is wrong with them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tenshot.core.errors import ImageError, MissingError
from tenshot.core.types import Image
from tenshot.data.images import check_informative, read_image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tenshot.data.folders import Category, LabelledImage, Source

    Progress = Callable[[int, int], None]

__all__ = ["Survey", "fits", "survey"]

ROUNDING = 1  # pixels by which the sides of a scaled image may be off


@dataclass(eq=False)
class Survey:
    """What was found. Images are named by their label in the category; only digests are kept, never pixels.

    Attributes:
        formats: how many images there are of each size, colour and depth, ``320 x 240, RGB, 8 bit``.
        unreadable: what cannot be decoded, in a sentence each.
        flat_train: normal images to learn that are one flat colour.
        flat_test: images to judge that are.
        misfits: masks whose shape is not that of their image.
        empty: anomalous images whose mask is black.
        marked: masks of normal images that are not black.
        leaked: pairs of labels, the same picture to learn and to judge.
        contradicted: pairs of labels, the same picture called normal and anomalous.
        repeated: pairs of labels, the same picture twice on one side.
    """

    formats: Counter[str] = field(default_factory=Counter)
    unreadable: list[str] = field(default_factory=list)
    flat_train: list[str] = field(default_factory=list)
    flat_test: list[str] = field(default_factory=list)
    misfits: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    marked: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    contradicted: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)


@dataclass(eq=False)
class _Seen:
    """Labels by digest: images to learn; images to judge, and whether they are called anomalous."""

    learned: dict[str, str] = field(default_factory=dict)
    judged: dict[str, tuple[str, bool]] = field(default_factory=dict)


def survey(category: Category, progress: Progress) -> Survey:
    """Decodes everything, holding one image and one mask at a time.

    Args:
        category: the product.
        progress: called with (done, total) after every image to learn or judge.
    """
    found = Survey()
    total = len(category.train_good) + len(category.test)
    seen = _Seen()
    for done, source in enumerate(category.train_good, start=1):
        image = _image(source, found)
        if image is not None:
            _learned(image, category.label(source), found, seen)
        progress(done, total)
    for done, item in enumerate(category.test, start=len(category.train_good) + 1):
        image = _image(item.source, found)
        if image is not None:
            label = category.label(item.source)
            _judged(image, label, found, is_anomalous=item.is_anomalous, seen=seen)
            _masked(image, label, item, found)
        progress(done, total)
    for mask in category.good_masks:
        if _is_marked(mask, found):
            found.marked.append(category.label(mask))
    return found


def fits(mask: tuple[int, int], image: tuple[int, int]) -> bool:
    """Whether one size (height, width) is the other times one factor, but for rounding to whole pixels.

    >>> fits((160, 120), (320, 240)), fits((240, 320), (320, 240))
    (True, False)
    """
    least = max((have - ROUNDING) / of for have, of in zip(mask, image, strict=True))
    most = min((have + ROUNDING) / of for have, of in zip(mask, image, strict=True))
    return least <= most


def _image(source: Source, found: Survey) -> Image | None:
    if isinstance(source, Image):
        image = source
    else:
        try:
            image = read_image(source)
        except (ImageError, MissingError) as error:
            found.unreadable.append(str(error))
            return None
    height, width, _ = image.pixels.shape
    colour, bits = "grey" if image.is_grey else "RGB", 8 * image.pixels.dtype.itemsize
    found.formats[f"{width} x {height}, {colour}, {bits} bit"] += 1
    return image


def _learned(image: Image, label: str, found: Survey, seen: _Seen) -> None:
    if image.digest in seen.learned:
        found.repeated.append(f"{label} = {seen.learned[image.digest]}")
    seen.learned.setdefault(image.digest, label)
    if _is_flat(image):
        found.flat_train.append(label)


def _judged(image: Image, label: str, found: Survey, *, is_anomalous: bool, seen: _Seen) -> None:
    """Compares an image to judge with those to learn, and with those to judge before it."""
    if image.digest in seen.learned:
        found.leaked.append(f"{seen.learned[image.digest]} = {label}")
    if image.digest in seen.judged:
        other, was_anomalous = seen.judged[image.digest]
        pairs = found.repeated if was_anomalous is is_anomalous else found.contradicted
        pairs.append(f"{label} = {other}")
    seen.judged.setdefault(image.digest, (label, is_anomalous))
    if _is_flat(image):
        found.flat_test.append(label)


def _masked(image: Image, label: str, item: LabelledImage, found: Survey) -> None:
    if item.mask_path is None:
        return
    try:
        mask = read_image(item.mask_path).pixels
    except (ImageError, MissingError) as error:
        found.unreadable.append(str(error))
        return
    size, of = mask.shape[:2], image.pixels.shape[:2]
    if not fits((size[0], size[1]), (of[0], of[1])):
        found.misfits.append(f"{item.mask_path} is {size[1]} x {size[0]}, {label} is {of[1]} x {of[0]}")
    if not mask.any():
        found.empty.append(label)


def _is_marked(mask: Path, found: Survey) -> bool:
    try:
        return bool(read_image(mask).pixels.any())
    except (ImageError, MissingError) as error:
        found.unreadable.append(str(error))
        return False


def _is_flat(image: Image) -> bool:
    try:
        check_informative(image)
    except ImageError:
        return True
    return False
