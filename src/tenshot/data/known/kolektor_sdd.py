"""KolektorSDD, surfaces of commutators: ``kos01/Part0.jpg`` with ``kos01/Part0_label.bmp``, and so on.

Quirks: a photo is defective if its label has any nonzero pixel, so labels are decoded to list the set. Every photo
has a label. There is no split: ours learns from the good photos of half of the fifty items, drawn by a fixed seed, and
judges all defective photos and the good ones of the other items, so that no item is learned and judged as good.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tenshot.core.errors import InputError
from tenshot.data.folders import GOOD, Category, LabelledImage
from tenshot.data.images import read_image
from tenshot.data.known.layout import KnownSet, Layout
from tenshot.data.pairing import list_folders, list_images, name_some, pair_masks
from tenshot.data.splitting import halve

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["KOLEKTOR_SDD", "LAYOUT", "looks_like", "read"]

KOLEKTOR_SDD = KnownSet(
    "kolektor_sdd",
    "KolektorSDD (Tabernik et al., 2020), CC BY-NC-SA 4.0: fifty items; the split, by items, is tenshot's own.",
    ("kolektorsdd", "ksdd", "kolektor"),
)

ITEM = re.compile(r"kos\d+", re.IGNORECASE)
LABEL = "_label"
SPLIT = "good photos of half of the items, drawn by a fixed seed, may be learned; those of the others are judged"


def looks_like(root: Path) -> bool:
    """Whether a folder holds items ``kosNN`` with photos and labels."""
    return any(_is_item(folder) for folder in list_folders(root))


def read(root: Path) -> tuple[Category, ...]:
    """Reads the set; decodes every label.

    Raises:
        InputError: a photo without a label, a label without a photo, or fewer than two items.
        ImageError: a label that cannot be read.
    """
    items = [folder for folder in list_folders(root) if _is_item(folder)]
    labels = {image: label for folder in items for image, label in _labelled(folder).items()}
    defective = {image for image, label in labels.items() if read_image(label).pixels.any()}
    learned, _ = halve(items)
    train = [image for image in labels if image not in defective and image.parent in learned]
    good = [image for image in labels if image not in defective and image.parent not in learned]
    if not train or not (good or defective):
        msg = f"{root}: good photos of at least two items are needed, got {len(items)} items"
        raise InputError(msg)
    test = [LabelledImage(image, label, "defect") for image, label in labels.items() if image in defective]
    test += [LabelledImage(image, None, GOOD) for image in good]
    name, about = KOLEKTOR_SDD.name, KOLEKTOR_SDD.about
    good_masks = tuple(label for image, label in labels.items() if image not in defective)
    return (Category(name, tuple(train), tuple(test), root=root, about=about, good_masks=good_masks),)


def _is_item(folder: Path) -> bool:
    return ITEM.fullmatch(folder.name) is not None and any(_is_label(file) for file in list_images(folder))


def _is_label(file: Path) -> bool:
    return file.stem.endswith(LABEL)


def _labelled(folder: Path) -> dict[Path, Path]:
    files = list_images(folder)
    images = [file for file in files if not _is_label(file)]
    labels = pair_masks(images, filter(_is_label, files), endings=(LABEL,))
    bare = [image for image in images if image not in labels]
    if bare:
        msg = f"{name_some(bare)}: no label <name>{LABEL}.bmp, by which a photo is good or defective"
        raise InputError(msg)
    return {image: labels[image] for image in images}


LAYOUT = Layout("KolektorSDD", "kos01, kos02, … with Part0.jpg and Part0_label.bmp", looks_like, read, SPLIT)
