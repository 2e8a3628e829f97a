"""What a module of this folder says of its set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tenshot.data.folders import Category

__all__ = ["KnownSet", "Layout"]


@dataclass(frozen=True, slots=True)
class KnownSet:
    """A published set.

    Attributes:
        name: by which it is asked for, and with which the names of its products begin.
        about: origin, licence, and what one must know of a figure measured on it.
        folders: what its folder may be called besides ``name``, in any letter case; its archives unpack so.
    """

    name: str
    about: str
    folders: tuple[str, ...] = ()

    def is_called(self, folder: str) -> bool:
        """Whether a folder bears one of the set's names."""
        return folder.casefold() in {self.name, *self.folders}


@dataclass(frozen=True, slots=True)
class Layout:
    """A way in which images, labels and masks lie on disk.

    Attributes:
        title: what people call it.
        shape: the files by which it is recognised, for messages.
        looks_like: whether a folder has this layout; looks at names only.
        read: lists its products.
        split: how tenshot decides what is learned and what is judged, where the layout does not say; else empty.
    """

    title: str
    shape: str
    looks_like: Callable[[Path], bool]
    read: Callable[[Path], tuple[Category, ...]]
    split: str = ""
