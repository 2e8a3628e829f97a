"""Seeded draws from lists, for the sets that come without a split."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SPLIT_SEED", "draw", "halve"]

SPLIT_SEED = 0
"""Of every split that is ours; fixed for good, since published figures rest on it."""

T = TypeVar("T")


def draw(items: Sequence[T], count: int, seed: int) -> tuple[T, ...]:
    """Draws without replacement, in the order drawn.

    Draws are nested: those of one seed with a smaller count are the beginning of those with a larger one.

    Args:
        items: what to draw from; its order matters.
        count: how many; all of them if there are fewer.
        seed: the same one always draws the same.
    """
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(items))
    return tuple(items[index] for index in order[:count])


def halve(items: Sequence[T], seed: int = SPLIT_SEED) -> tuple[tuple[T, ...], tuple[T, ...]]:
    """Splits a list at random into two halves, each in the list's own order; the first is the smaller if they differ.

    >>> halve(["a", "b", "c", "d", "e"])
    (('c', 'e'), ('a', 'b', 'd'))
    """
    chosen = frozenset(draw(range(len(items)), len(items) // 2, seed))
    first = tuple(item for index, item in enumerate(items) if index in chosen)
    return first, tuple(item for index, item in enumerate(items) if index not in chosen)
