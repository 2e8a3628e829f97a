"""Which photos are learned and which are judged: the sets, and seeded draws from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from tenshot.core.errors import InputError
from tenshot.data.elpv import read_elpv
from tenshot.data.folders import Category, LabelledImage, read_category

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["SETS", "draw_support", "draw_unseen", "load_set"]

SOLAR = "solar_cells"
FOLDERS = {
    "bottle": "mvtec_ad/bottle",
    "pill": "mvtec_ad/pill",
    "capsule": "mvtec_ad/capsule",
    "magnetic_tile": "magnetic_tile",
    "transistor": "mvtec_ad/transistor",
}
IMAGE_LEVEL_ONLY = {"transistor"}
SETS = (*FOLDERS, SOLAR)

SOLAR_TEST = 200  # of each label
SOLAR_SEED = 0
UNSEEN_SEED = 1_000_000  # far from every seed that draws support

T = TypeVar("T")


def load_set(name: str, data: Path) -> Category:
    """Lists the photos of a set.

    Solar cells: 200 functional (probability 0) and 200 defective (probability 1) ones, fixed by a seed, are judged; all
    other functional ones may be learned. Cells that experts were unsure about are left out.

    Args:
        name: one of ``SETS``.
        data: the folder of real photos; not needed for solar cells, which come with a package.

    Raises:
        InputError: for an unknown set, or one that is not complete.
        MissingError: for one that is not there.
    """
    if name == SOLAR:
        return _solar_cells()
    if name not in FOLDERS:
        msg = f"set: expected one of {', '.join(SETS)}, got {name!r}"
        raise InputError(msg)
    return read_category(data / FOLDERS[name], masks="optional" if name in IMAGE_LEVEL_ONLY else "required")


def draw_support(train: Sequence[T], shots: int, *, seed: int) -> tuple[T, ...]:
    """Draws normal photos over the whole list, each at most once.

    Draws are nested: those of one seed with fewer shots are the beginning of those with more.

    Raises:
        InputError: if there are not as many.
    """
    if not 1 <= shots <= len(train):
        msg = f"shots: expected 1 to {len(train)} photos, got {shots}"
        raise InputError(msg)
    return _draw(train, shots, seed)


def draw_unseen(category: Category, most: int) -> tuple[tuple[LabelledImage, ...], tuple[Path, ...]]:
    """Sets good photos aside to count false alarms on: some of the test photos and some of the training list.

    Args:
        category: the set.
        most: at most so many of each kind, and never more than half of the training list.

    Returns:
        Unseen good photos (those of the test list first), and the rest of the training list to draw support from.
    """
    good = [image for image in category.test if not image.is_anomalous]
    tested = _draw(good, min(most, len(good)), UNSEEN_SEED)
    aside = _draw(category.train_good, min(most, len(category.train_good) // 2), UNSEEN_SEED)
    held = frozenset(aside)
    rest = tuple(path for path in category.train_good if path not in held)
    return (*tested, *(LabelledImage(path, None, "good") for path in aside)), rest


def _draw(items: Sequence[T], count: int, seed: int) -> tuple[T, ...]:
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(items))
    return tuple(items[index] for index in order[:count])


def _solar_cells() -> Category:
    cells = read_elpv()
    functional = [cell.path for cell in cells if cell.probability == 0]
    defective = [cell.path for cell in cells if cell.probability == 1]
    judged = _draw(functional, SOLAR_TEST, SOLAR_SEED)
    test = [LabelledImage(path, None, "good") for path in judged]
    test += [LabelledImage(path, None, "defective") for path in _draw(defective, SOLAR_TEST, SOLAR_SEED)]
    taken = frozenset(judged)
    train = tuple(path for path in functional if path not in taken)
    return Category(name=SOLAR, train_good=train, test=tuple(test))
