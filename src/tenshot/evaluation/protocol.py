"""Which photos are learned and which are judged: the sets, and seeded draws from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tenshot.core.errors import InputError
from tenshot.data.folders import LabelledImage
from tenshot.data.splitting import draw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenshot.data.folders import Category, Source

__all__ = ["SETS", "draw_support", "draw_unseen"]

SETS = (
    "mvtec_ad/bottle",
    "mvtec_ad/pill",
    "mvtec_ad/capsule",
    "magnetic_tile",
    "mvtec_ad/transistor",
    "solar_cells",
)
UNSEEN_SEED = 1_000_000  # far from every seed that draws support

T = TypeVar("T")


def draw_support(train: Sequence[T], shots: int, *, seed: int) -> tuple[T, ...]:
    """Draws normal photos over the whole list, each at most once.

    Draws are nested: those of one seed with fewer shots are the beginning of those with more.

    Raises:
        InputError: if there are not as many.
    """
    if not 1 <= shots <= len(train):
        msg = f"shots: expected 1 to {len(train)} photos, got {shots}"
        raise InputError(msg)
    return draw(train, shots, seed)


def draw_unseen(category: Category, most: int) -> tuple[tuple[LabelledImage, ...], tuple[Source, ...]]:
    """Sets good photos aside to count false alarms on: some of the test photos and some of the training list.

    Args:
        category: the set.
        most: at most so many of each kind, and never more than half of the training list.

    Returns:
        Unseen good photos (those of the test list first), and the rest of the training list to draw support from.
    """
    good = [image for image in category.test if not image.is_anomalous]
    tested = draw(good, min(most, len(good)), UNSEEN_SEED)
    aside = draw(category.train_good, min(most, len(category.train_good) // 2), UNSEEN_SEED)
    held = frozenset(aside)
    rest = tuple(source for source in category.train_good if source not in held)
    return (*tested, *(LabelledImage(source, None, "good") for source in aside)), rest
