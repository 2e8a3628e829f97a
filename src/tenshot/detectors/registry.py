"""All detectors by name. A folder in this package that has an ``entry`` module with ``ENTRIES`` is on the list."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

import tenshot.detectors
from tenshot.core.errors import InputError

if TYPE_CHECKING:
    from tenshot.detectors.entries import Entry

__all__ = ["all_entries", "find_entry", "home_of"]


@cache
def all_entries() -> dict[str, Entry]:
    """Every detector, by name, in the order of folders and of their lists."""
    return {entry.name: entry for _, entry in _found()}


def find_entry(name: str) -> Entry:
    """The detector of a name.

    Raises:
        InputError: for an unknown name.
    """
    entries = all_entries()
    if name not in entries:
        msg = f"detector: expected one of {', '.join(entries)}, got {name!r}"
        raise InputError(msg)
    return entries[name]


def home_of(name: str) -> str:
    """The folder that a detector lives in: the name of a package in ``tenshot.detectors``."""
    return next(home for home, entry in _found() if entry.name == name)


@cache
def _found() -> tuple[tuple[str, Entry], ...]:
    packages = [module.name for module in pkgutil.iter_modules(tenshot.detectors.__path__) if module.ispkg]
    homes = {name: importlib.import_module(f"tenshot.detectors.{name}.entry") for name in packages}
    return tuple((name, entry) for name, module in homes.items() for entry in module.ENTRIES)
