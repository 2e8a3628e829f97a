"""What is to be measured: the request, its cells, and how they are cut into jobs."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tenshot.evaluation.benchmark.cell import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tenshot.data.folders import Category
    from tenshot.evaluation.benchmark.subjects import Subject

__all__ = ["Judge", "Key", "Request", "Teach", "all_keys", "judge_jobs", "teach_job", "teach_jobs"]

MAP_BYTES = 256 * 256 * 4
MOST_BYTES = 4 << 30  # of maps, in all jobs that run at once
MOST_CELLS = 20


@dataclass(frozen=True)
class Request:
    """What a user asked for.

    Attributes:
        sets: folders or names of known sets, each of which may hold several products.
        data: folder in which known sets are looked up by name.
        subjects: whom to measure.
        shots: numbers of normal images.
        seeds: of the draws.
        conditions: in which supports and queries are shown, as text.
        false_alarm_rate: the wanted one.
        test_images: at most so many normal and so many anomalous images are judged; ``None`` for all.
        train_on: folders whose sub-folders of images are further products that trained detectors learn from.
        train_apart: whether they learn from those alone, once for all that is judged.
        replay: names of normal images by product and seed, instead of drawing.
    """

    sets: tuple[str, ...]
    data: Path | None
    subjects: tuple[Subject, ...]
    shots: tuple[int, ...]
    seeds: tuple[int, ...]
    conditions: tuple[str, ...] = (PLAIN,)
    false_alarm_rate: float = 0.05
    test_images: int | None = None
    train_on: tuple[Path, ...] = ()
    train_apart: bool = False
    replay: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)


@dataclass(frozen=True, order=True)
class Key:
    """Which cell. Attributes are those of ``Cell``."""

    set: str
    detector: str
    shots: int | None
    seed: int
    condition: str


@dataclass(frozen=True)
class Judge:
    """A job: measure some cells of one product and condition together.

    Attributes:
        keys: of the cells.
    """

    keys: tuple[Key, ...]

    @property
    def label(self) -> str:
        """For people."""
        first = self.keys[0]
        condition = "" if first.condition == PLAIN else f", {first.condition}"
        return f"{first.set}: {first.detector}{condition}"


@dataclass(frozen=True)
class Teach:
    """A job: train a detector on other products than the judged one.

    Attributes:
        detector: name of the subject.
        without: name of the product that it must not see; ``None`` if it sees none that is judged.
    """

    detector: str
    without: str | None

    @property
    def label(self) -> str:
        """For people."""
        what = "the folders of --train-on alone" if self.without is None else f"everything but {self.without}"
        return f"{self.detector}: training on {what}"


def all_keys(request: Request, categories: Iterable[Category]) -> tuple[Key, ...]:
    """Every cell of a request: by set, detector, shots, condition and seed.

    Detectors that train on all images of a product are measured in the plain condition only, once per seed.
    """
    return tuple(
        Key(category.name, subject.name, shots, seed, condition)
        for category, subject in itertools.product(categories, request.subjects)
        for shots, condition, seed in itertools.product(
            [None] if subject.entry.kind == "all" else request.shots,
            [PLAIN] if subject.entry.kind == "all" else request.conditions,
            request.seeds,
        )
    )


def judge_jobs(keys: Sequence[Key], categories: Mapping[str, Category], *, at_once: int = 1) -> Iterator[Judge]:
    """Cuts cells into jobs that fit into memory and do not take long to lose.

    Cells of a job share the network's work. Those that train for themselves go alone, and first, since they are the
    longest.

    Args:
        keys: of the cells.
        categories: the products by name.
        at_once: how many jobs share the memory.
    """
    for key in keys:
        if key.shots is None:
            yield Judge((key,))
    few: dict[tuple[str, str, str], list[Key]] = {}
    for key in keys:
        if key.shots is not None:
            few.setdefault((key.set, key.detector, key.condition), []).append(key)
    for whole in few.values():
        category = categories[whole[0].set]
        size = MOST_CELLS
        if category.has_all_masks:
            size = max(1, min(size, MOST_BYTES // (at_once * MAP_BYTES * len(category.test))))
        yield from (Judge(tuple(whole[start : start + size])) for start in range(0, len(whole), size))


def teach_job(request: Request, key: Key) -> Teach | None:
    """The training that a cell needs; ``None`` for none."""
    subject = next(each for each in request.subjects if each.name == key.detector)
    return Teach(key.detector, None if request.train_apart else key.set) if subject.needs_training else None


def teach_jobs(request: Request, keys: Iterable[Key]) -> tuple[Teach, ...]:
    """The trainings that cells need, each once."""
    return tuple(dict.fromkeys(job for key in keys if (job := teach_job(request, key)) is not None))
