"""Masks go to images by name, never by order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenshot.core.errors import InputError
from tenshot.data.sources import IMAGE_SUFFIXES, natural_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

__all__ = ["MASK_ENDINGS", "list_folders", "list_images", "name_some", "pair_masks"]

MASK_ENDINGS = ("_mask", "")
"""How the name of a mask continues that of its image, in MVTec AD and what follows it."""


def list_images(folder: Path) -> list[Path]:
    """Image files that lie directly in a folder, in natural order; hidden ones are passed over.

    Args:
        folder: need not exist, which gives an empty list.
    """
    entries = folder.iterdir() if folder.is_dir() else ()
    visible = (p for p in entries if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith("."))
    return sorted((p for p in visible if p.is_file()), key=natural_key)


def list_folders(folder: Path) -> list[Path]:
    """Folders that lie directly in a folder, in natural order; hidden ones are passed over.

    Args:
        folder: need not exist, which gives an empty list.
    """
    entries = folder.iterdir() if folder.is_dir() else ()
    return sorted((p for p in entries if p.is_dir() and not p.name.startswith(".")), key=natural_key)


def pair_masks(
    images: Sequence[Path], masks: Iterable[Path], *, endings: Sequence[str] = MASK_ENDINGS
) -> dict[Path, Path]:
    """Finds the image of every mask: the mask is called as the image, with an ending.

    Args:
        images: the images that may have a mask.
        masks: all the masks there are.
        endings: what may follow the image's stem in the mask's; the first one by which an image is found counts.

    Returns:
        The mask of every image that has one.

    Raises:
        InputError: a mask without an image, two masks of one image, or a mask whose name is that of two images.
    """
    by_stem: dict[str, list[Path]] = {}
    for image in images:
        by_stem.setdefault(image.stem, []).append(image)
    paired: dict[Path, Path] = {}
    orphans = []
    for mask in masks:
        owner = _owner(mask, by_stem, endings)
        if owner is None:
            orphans.append(mask)
            continue
        if owner in paired:
            msg = f"{mask}: {owner} has the mask {paired[owner].name} already; an image has one mask"
            raise InputError(msg)
        paired[owner] = mask
    if orphans:
        where = images[0].parent if images else "the set"
        msg = f"{name_some(orphans)}: a mask must bear the name of an image in {where}"
        raise InputError(msg)
    return paired


def name_some(paths: Sequence[Path]) -> str:
    """The first of several files, and how many more there are."""
    return f"{paths[0]} and {len(paths) - 1} more" if len(paths) > 1 else str(paths[0])


def _owner(mask: Path, by_stem: dict[str, list[Path]], endings: Sequence[str]) -> Path | None:
    stems = [mask.stem.removesuffix(ending) for ending in endings if mask.stem.endswith(ending)]
    owners = next((by_stem[stem] for stem in stems if stem in by_stem), [])
    if len(owners) > 1:
        msg = f"{mask}: the mask could belong to {owners[0].name} and to {owners[1].name}; names must tell images apart"
        raise InputError(msg)
    return owners[0] if owners else None
