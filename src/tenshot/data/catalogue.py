"""From what somebody asks for, a folder or the name of a known set, to its products."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tenshot.core.errors import InputError, MissingError
from tenshot.data.known import (
    btad,
    kolektor_sdd,
    kolektor_sdd2,
    magnetic_tile,
    mpdd,
    mvtec_ad,
    one_class,
    own_folder,
    solar_cells,
    visa,
)
from tenshot.data.pairing import list_folders

if TYPE_CHECKING:
    from tenshot.data.folders import Category
    from tenshot.data.known.layout import KnownSet, Layout

__all__ = ["LAYOUTS", "Found", "find_sets", "known_sets", "look_up", "recognise"]

LAYOUTS: tuple[Layout, ...] = (
    visa.LAYOUT,
    kolektor_sdd.LAYOUT,
    kolektor_sdd2.LAYOUT,
    magnetic_tile.LAYOUT,
    solar_cells.LAYOUT,
    one_class.LAYOUT,
    btad.LAYOUT,
    mvtec_ad.LAYOUT,
    own_folder.LAYOUT,
)
"""The layouts that can be told, in the order in which they are tried: the most particular first."""

_SETS: tuple[KnownSet, ...] = (
    mvtec_ad.MVTEC_AD,
    visa.VISA,
    mpdd.MPDD,
    btad.BTAD,
    magnetic_tile.MAGNETIC_TILE,
    kolektor_sdd.KOLEKTOR_SDD,
    kolektor_sdd2.KOLEKTOR_SDD2,
    solar_cells.SOLAR_CELLS,
    one_class.CIFAR10,
    one_class.MNIST,
    one_class.FASHION_MNIST,
)
_SHOWN = 8  # names of a folder's contents in a message


@dataclass(frozen=True, slots=True)
class Found:
    """What a folder or a name stands for.

    Attributes:
        layout: the one that was recognised.
        categories: the products, each name once.
    """

    layout: Layout
    categories: tuple[Category, ...]


def known_sets() -> dict[str, str]:
    """The published sets that can be asked for by name: what each is, by name."""
    return {each.name: each.about for each in _SETS}


def find_sets(wanted: str, *, data: Path | None) -> tuple[Category, ...]:
    """Lists the products that a folder or a name stands for.

    Args:
        wanted: the path of a folder in one of :data:`LAYOUTS`; or the name of a known set or of one of its products,
            ``mvtec_ad`` or ``mvtec_ad/pill``. A name counts before a path if its set lies in ``data``.
        data: the folder in which known sets lie; ``solar_cells`` need none, since a package holds them.

    Raises:
        MissingError: there is no such folder, set or product.
        InputError: the folder has no known layout, or its files do not fit together; the message names one.
    """
    return look_up(wanted, data=data).categories


def look_up(wanted: str, *, data: Path | None) -> Found:
    """As :func:`find_sets`, with the layout that was recognised."""
    head, _, product = wanted.partition("/")
    known = next((each for each in _SETS if each.name == head), None)
    if known is solar_cells.SOLAR_CELLS and not product:
        return Found(solar_cells.LAYOUT, solar_cells.read_package())
    folder = None if known is None or data is None else _folder(known, data)
    if known is not None and folder is not None:
        return _of_known(known, folder, product)
    path = Path(wanted)
    if path.is_dir():
        layout = recognise(path)
        return Found(layout, _distinct(layout.read(path), path))
    raise MissingError(_not_there(wanted, known, data))


def recognise(root: Path) -> Layout:
    """The layout of a folder, told by names alone.

    Raises:
        InputError: none that is known; says what was found and what is known.
    """
    layout = next((each for each in LAYOUTS if each.looks_like(root)), None)
    if layout is None:
        names = sorted(each.name + "/" * each.is_dir() for each in root.iterdir() if not each.name.startswith("."))
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        known = "; ".join(f"{each.title}: {each.shape}" for each in reversed(LAYOUTS))
        msg = f"{root} has no known layout; it holds {', '.join(names[:_SHOWN]) or 'nothing'}{more}. Known are {known}"
        raise InputError(msg)
    return layout


def _folder(known: KnownSet, data: Path) -> Path | None:
    return next((folder for folder in list_folders(data) if known.is_called(folder.name)), None)


def _of_known(known: KnownSet, folder: Path, product: str) -> Found:
    inner = folder / product
    if product and inner.is_dir():
        layout = recognise(inner)
        found = layout.read(inner)
        if len(found) == 1:  # called as it was asked for, also where a copy has other defects than the original
            found = (replace(found[0], name=f"{known.name}/{product}"),)
        return Found(layout, _distinct(found, inner))
    layout = recognise(folder)
    found = _distinct(layout.read(folder), folder)
    wanted = [each for each in found if not product or each.name == f"{known.name}/{product}"]
    if not wanted:
        msg = f"{known.name}/{product}: {folder} holds {', '.join(each.name for each in found)}"
        raise MissingError(msg)
    return Found(layout, tuple(wanted))


def _distinct(categories: tuple[Category, ...], path: Path) -> tuple[Category, ...]:
    names = [each.name for each in categories]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        msg = f"{path}: two products are called {twice}; give the path of one of them"
        raise InputError(msg)
    return categories


def _not_there(wanted: str, known: KnownSet | None, data: Path | None) -> str:
    if known is None:
        names = ", ".join(each.name for each in _SETS)
        return f"{wanted}: there is no such folder, nor a known set of this name ({names})"
    if data is None:
        return f"{wanted}: name the folder in which {known.name} lies, or give the path of the set itself"
    return f"{wanted}: {data} holds no folder called {' or '.join((known.name, *known.folders))}"
