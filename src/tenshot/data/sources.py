"""Finding images: files, folders and globs become one ordered list."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tenshot.core.errors import InputError, MissingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["IMAGE_SUFFIXES", "find_images", "natural_key"]

IMAGE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
"""Suffixes, in lower case, by which a folder's images are told."""

_SUFFIXES = ", ".join(IMAGE_SUFFIXES)
_WILDCARD = re.compile(r"[*?\[]")


def find_images(sources: Iterable[str | Path] | str | Path) -> list[Path]:
    """List the images that files, folders and globs stand for.

    A file is taken whatever its suffix, since it was asked for. A folder is searched recursively for
    :data:`IMAGE_SUFFIXES`, links followed once, hidden files and folders passed over. A pattern with ``*``, ``?``,
    ``[]`` or ``**`` that no shell has expanded gives what a shell would: files of any suffix, folders searched, nothing
    hidden unless the pattern says so.

    Args:
        sources: paths or patterns, or a single one.

    Returns:
        At least one path, in natural order (``img2`` before ``img10``) whatever the order of ``sources``; each file
        once, also when several paths or links lead to it.

    Raises:
        MissingError: a path does not exist, or a pattern matches nothing.
        InputError: there are no sources, or a folder holds no image or cannot be listed.
    """
    wanted = [sources] if isinstance(sources, str | Path) else list(sources)
    if not wanted:
        msg = "no images were given; name at least one file, folder or glob"
        raise InputError(msg)
    unique: dict[str, Path] = {}
    for path in sorted((path for source in wanted for path in _expand(str(source))), key=natural_key):
        unique.setdefault(os.path.realpath(path), path)  # Path.resolve raises on a link that leads to itself
    return list(unique.values())


def natural_key(path: Path) -> tuple[list[list[str | int]], str]:
    """Sort key by which numbers inside names count as numbers; letter case decides last."""
    return [_split(part.casefold()) for part in path.parts], str(path)


def _split(text: str) -> list[str | int]:
    """Text and numbers by turns, text first, so that two of them always compare like with like."""
    return [int(piece) if i % 2 else piece for i, piece in enumerate(re.split(r"([0-9]+)", text))]


def _expand(source: str) -> list[Path]:
    path = Path(source)
    try:
        if path.is_dir():
            return _search(path)
        if path.exists():
            return [path]
    except OSError as error:
        msg = f"{source}: the path cannot be looked up ({error.strerror or error})"
        raise InputError(msg) from error
    if not _WILDCARD.search(source):
        msg = f"{source}: there is no such file or folder"
        raise MissingError(msg)
    matches = [image for match in _glob(path) for image in (_walk(match, set()) if match.is_dir() else [match])]
    if not matches:
        msg = f"{source}: no file matches this pattern, nor a folder that holds images ({_SUFFIXES})"
        raise MissingError(msg)
    return matches


def _glob(pattern: Path) -> Iterator[Path]:
    parts = pattern.parts
    first = next(i for i, part in enumerate(parts) if _WILDCARD.search(part))
    root, rest = Path(*parts[:first]), Path(*parts[first:])
    shows_hidden = _is_hidden(rest)
    try:
        for match in root.glob(str(rest)):
            if shows_hidden or not _is_hidden(match.relative_to(root)):
                yield match
    except (OSError, ValueError) as error:
        msg = f"{pattern}: the pattern cannot be searched ({error})"
        raise InputError(msg) from error


def _search(folder: Path) -> list[Path]:
    """Images below a folder; an empty-handed search is an error, since the user expected some."""
    images = list(_walk(folder, set()))
    if not images:
        msg = f"{folder} holds no images; files ending in {_SUFFIXES} are looked for"
        raise InputError(msg)
    return images


def _walk(folder: Path, visited: set[Path]) -> Iterator[Path]:
    real = Path(os.path.realpath(folder))
    if real in visited:  # a link back to where we have been
        return
    visited.add(real)
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        msg = f"{folder} cannot be listed ({error.strerror or error})"
        raise InputError(msg) from error
    for entry in entries:
        if _is_hidden(Path(entry.name)):
            continue
        if os.path.isdir(entry):  # noqa: PTH112 - Path.is_dir raises where a folder may be listed and not entered
            yield from _walk(entry, visited)
        elif entry.suffix.lower() in IMAGE_SUFFIXES:
            yield entry


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") and part != ".." for part in path.parts)
