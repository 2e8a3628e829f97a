"""KolektorSDD2: ``train/10000.png`` with ``train/10000_GT.png``, and ``test`` likewise; its own split.

Quirks: a photo is defective if its mask has any nonzero pixel, so masks are decoded to list the set. Defective photos
of ``train`` are left out, since only normal ones are learned. The archive holds ``10301 (copy).png`` and
``10301_GT (copy).png``, copies of another pair, which are left out too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenshot.core.errors import InputError
from tenshot.data.folders import GOOD, Category, LabelledImage
from tenshot.data.images import read_image
from tenshot.data.known.layout import KnownSet, Layout
from tenshot.data.pairing import list_images, name_some, pair_masks

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["KOLEKTOR_SDD2", "LAYOUT", "looks_like", "read"]

KOLEKTOR_SDD2 = KnownSet(
    "kolektor_sdd2",
    "KolektorSDD2 (Bozic et al., 2021), CC BY-NC-SA 4.0: its own split, less the defective training photos.",
    ("kolektorsdd2", "ksdd2", "kolektor2"),
)

MASK = "_GT"
COPY = " (copy)"


def looks_like(root: Path) -> bool:
    """Whether ``train`` and ``test`` hold photos and masks ``<stem>_GT.png`` side by side."""
    return all(any(map(_is_mask, list_images(root / part))) for part in ("train", "test"))


def read(root: Path) -> tuple[Category, ...]:
    """Reads the set; decodes every mask.

    Raises:
        InputError: a photo without a mask, a mask without a photo, or no good photo to learn.
        ImageError: a mask that cannot be read.
    """
    train, test = (_labelled(root / part) for part in ("train", "test"))
    good_train = [image for image, mask in train.items() if not _is_marked(mask)]
    marked = {image for image, mask in test.items() if _is_marked(mask)}
    if not good_train:
        msg = f"{root / 'train'}: no photo has an empty mask; good ones are needed to learn from"
        raise InputError(msg)
    judged = [LabelledImage(image, mask, "defect") for image, mask in test.items() if image in marked]
    judged += [LabelledImage(image, None, GOOD) for image in test if image not in marked]
    masks = [train[image] for image in good_train] + [mask for image, mask in test.items() if image not in marked]
    name, about = KOLEKTOR_SDD2.name, KOLEKTOR_SDD2.about
    return (Category(name, tuple(good_train), tuple(judged), root=root, about=about, good_masks=tuple(masks)),)


def _is_mask(file: Path) -> bool:
    return file.stem.endswith(MASK)


def _is_marked(mask: Path) -> bool:
    return bool(read_image(mask).pixels.any())


def _labelled(folder: Path) -> dict[Path, Path]:
    files = [file for file in list_images(folder) if not file.stem.endswith(COPY)]
    images = [file for file in files if not _is_mask(file)]
    masks = pair_masks(images, filter(_is_mask, files), endings=(MASK,))
    bare = [image for image in images if image not in masks]
    if bare:
        msg = f"{name_some(bare)}: no mask <name>{MASK}.png, by which a photo is good or defective"
        raise InputError(msg)
    return {image: masks[image] for image in images}


LAYOUT = Layout("KolektorSDD2", "train and test with 10000.png and 10000_GT.png", looks_like, read)
