"""File names for overlays: recognisable, unique, and safe on every file system."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["UniqueNames"]

# 50 characters of at most 4 bytes stay under the 255 bytes that file systems allow, with a number and an ending.
_LONGEST = 50
_UNSAFE = re.compile(r"[^\w.-]+")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


class UniqueNames:
    """Gives every image a file name of its own: its stem, or with its folder before it, or with a number behind it.

    Names that differ only in capitals count as the same, since some file systems see them so.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        """Starts with names that must not be given."""
        self._taken = {name.casefold() for name in taken}
        self._numbers: Counter[str] = Counter()

    def claim(self, source: str, *, ending: str) -> str:
        """A new file name for an image.

        Args:
            source: path or name of the image.
            ending: ending with its dot, such as ``.jpg``.
        """
        path = PurePath(source)
        stem, longer = _safe(path.stem), _safe(f"{path.parent.name}-{path.stem}")
        for candidate in (stem, longer):
            if self._free(candidate + ending):
                return candidate + ending
        while True:
            self._numbers[longer] += 1
            numbered = f"{longer}-{self._numbers[longer] + 1}{ending}"
            if self._free(numbered):
                return numbered

    def _free(self, name: str) -> bool:
        key = name.casefold()
        if key in self._taken:
            return False
        self._taken.add(key)
        return True


def _safe(name: str) -> str:
    safe = _UNSAFE.sub("_", name)[-_LONGEST:].lstrip(".-")
    return f"_{safe}" if not safe or _RESERVED.fullmatch(safe) else safe
