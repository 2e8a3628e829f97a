"""Which normal images are learned: seeded draws, written out, and read back to be replayed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenshot.core.errors import InputError
from tenshot.data import splitting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tenshot.core.types import Image
    from tenshot.data.folders import Category, LabelledImage
    from tenshot.evaluation.benchmark.conditions import Condition

    Source = Path | Image
    Names = Mapping[str, Mapping[str, Sequence[str]]]

__all__ = ["Draw", "draw", "draw_names", "limit_test", "read_names"]

TEST_SEED = 0
FOREIGN = 2_000_000  # keeps the draw of contaminating images apart from that of the support


@dataclass(frozen=True)
class Draw:
    """What a detector learns from.

    Attributes:
        support: normal images, and anomalous ones where the support is contaminated.
        taken: positions in the test list of the anomalous ones; they are not judged.
    """

    support: tuple[Source, ...]
    taken: frozenset[int]


def draw_names(category: Category, most: int, seeds: Sequence[int]) -> dict[str, tuple[str, ...]]:
    """Draws normal images over the whole list, each at most once, for every seed.

    Draws are nested: K shots are the first K names.

    Args:
        category: the product.
        most: the largest number of shots.
        seeds: of the draws, by ``numpy.random.Generator(PCG64(seed))``.

    Returns:
        Names by seed, as text.

    Raises:
        InputError: if there are not as many images.
    """
    if not 1 <= most <= len(category.train_good):
        msg = f"shots: {category.name} has {len(category.train_good)} normal images to learn from, got {most}"
        raise InputError(msg)
    return {str(seed): _names(category, most, seed) for seed in seeds}


def read_names(file: Path) -> dict[str, dict[str, tuple[str, ...]]]:
    """The draws of an earlier run: names by set and seed.

    Args:
        file: a ``results.json``.

    Raises:
        InputError: if it is none.
    """
    try:
        content: Any = json.loads(file.read_text(encoding="utf-8"))
        return {
            each["name"]: {str(seed): tuple(map(str, names)) for seed, names in each["support"].items()}
            for each in content["sets"]
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        msg = f"{file}: expected the results.json of a benchmark, with a list of supports; got something else"
        raise InputError(msg) from error


def draw(category: Category, names: Sequence[str], *, shots: int | None, condition: Condition, seed: int) -> Draw:
    """The support of one cell.

    Args:
        category: the product.
        names: of the drawn normal images, at least K.
        shots: K; ``None`` for all normal images.
        condition: whose contamination replaces normal images by anomalous ones of the test list.
        seed: of the draw, which also says which are replaced by which.

    Raises:
        InputError: for a name that is not on the product's list, or too few of them.
    """
    if shots is None:
        return Draw(tuple(category.train_good), frozenset())
    known = {category.label(source): source for source in category.train_good}
    missing = [name for name in names[:shots] if name not in known]
    if missing or len(names) < shots:
        what = f"{missing[0]} is not among its normal images" if missing else f"only {len(names)} are listed"
        msg = f"support of {category.name}, seed {seed}: expected {shots} of its normal images; {what}"
        raise InputError(msg)
    support = [known[name] for name in names[:shots]]
    positions = condition.contaminated_positions(shots, seed)
    bad = [index for index, item in enumerate(category.test) if item.is_anomalous]
    if len(bad) <= len(positions):
        msg = f"contamination: {category.name} has {len(bad)} anomalous images, too few to take {len(positions)}"
        raise InputError(msg)
    taken = splitting.draw(bad, len(positions), FOREIGN + seed)
    for position, index in zip(positions, taken, strict=True):
        support[position] = category.test[index].source
    return Draw(tuple(support), frozenset(taken))


def limit_test(test: Sequence[LabelledImage], most: int | None) -> tuple[LabelledImage, ...]:
    """At most so many normal and so many anomalous test images, drawn by a fixed seed; their order is kept."""
    if most is None:
        return tuple(test)
    kept: set[int] = set()
    for wanted in (False, True):
        of_kind = [index for index, item in enumerate(test) if item.is_anomalous is wanted]
        kept |= set(splitting.draw(of_kind, most, TEST_SEED))
    return tuple(item for index, item in enumerate(test) if index in kept)


def _names(category: Category, most: int, seed: int) -> tuple[str, ...]:
    return tuple(category.label(source) for source in splitting.draw(category.train_good, most, seed))
