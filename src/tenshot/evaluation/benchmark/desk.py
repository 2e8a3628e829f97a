"""What a worker does with a job. It holds what jobs share: lists of images, extractors, trained weights."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenshot.core.errors import InputError
from tenshot.data.catalogue import find_sets
from tenshot.evaluation.benchmark.draws import limit_test
from tenshot.evaluation.benchmark.plan import Judge, Key, Teach, teach_job

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tenshot.core.config import ExtractorConfig
    from tenshot.data.folders import Category
    from tenshot.detectors.contract import AnomalyDetector
    from tenshot.evaluation.benchmark.examples import Example
    from tenshot.evaluation.benchmark.plan import Request
    from tenshot.evaluation.benchmark.schema import Cell, Extreme
    from tenshot.evaluation.benchmark.subjects import Subject
    from tenshot.evaluation.remembering import RememberingExtractor
    from tenshot.features import Extractor

    Step = Callable[[int, int], None]

__all__ = ["Describe", "Desk", "Show", "load_categories"]


@dataclass(frozen=True)
class Describe:
    """A job: say everything that decides what a detector computes.

    Attributes:
        detector: name of the subject.
    """

    detector: str

    @property
    def label(self) -> str:
        """For people."""
        return f"{self.detector}: settings"


@dataclass(frozen=True)
class Show:
    """A job: pictures of the images that a cell found worth looking at.

    Attributes:
        key: of the cell.
        extremes: the images.
    """

    key: Key
    extremes: tuple[Extreme, ...]

    @property
    def label(self) -> str:
        """For people."""
        return f"{self.key.set}: pictures"


def load_categories(request: Request) -> dict[str, Category]:
    """The products of a request by name, with their test lists cut to the wanted length.

    Raises:
        InputError: for a set that cannot be read, one without both normal and anomalous images to judge, file names
            that are no text, two products of one name, or two that share an image.
    """
    found: dict[str, Category] = {}
    owners: dict[Path, str] = {}
    for wanted in request.sets:
        for category in find_sets(wanted, data=request.data):
            if category.name in found:
                msg = f"{wanted}: there is a set called {category.name} already; every name may come once"
                raise InputError(msg)
            _require_both_kinds(category)
            _claim(category, owners)
            found[category.name] = replace(category, test=limit_test(category.test, request.test_images))
    return found


def _require_both_kinds(category: Category) -> None:
    bad = sum(item.is_anomalous for item in category.test)
    if not 0 < bad < len(category.test):
        good = len(category.test) - bad
        msg = f"{category.name}: expected normal and anomalous images to judge, got {good} and {bad}"
        raise InputError(msg)


def _claim(category: Category, owners: dict[Path, str]) -> None:
    """What one product learns from, another must not be judged by."""
    for source in (*category.train_good, *(item.source for item in category.test)):
        if not isinstance(source, Path):
            continue
        if not str(source).isprintable():
            msg = f"{category.name}: expected file names of plain text, got {str(source)!r}"
            raise InputError(msg)
        owner = owners.setdefault(source.resolve(), category.name)
        if owner != category.name:
            msg = f"{category.name}: shares images with {owner}, {source} among them; name each product once"
            raise InputError(msg)


@dataclass(frozen=True)
class Desk:
    """Does jobs of one request; travels to the workers.

    Attributes:
        request: what is measured.
        names: of the drawn normal images, by product and seed.
        trained: file and identity of every training.
    """

    request: Request
    names: Mapping[str, Mapping[str, Sequence[str]]]
    trained: Mapping[Teach, tuple[Path, str]] = field(default_factory=dict)

    def __call__(self, job: Any, progress: Step) -> Any:  # noqa: ANN401 - each job has a result of its own
        """Does a job; gives cells of a ``Judge``, settings of a ``Describe``, pictures of a ``Show``."""
        if isinstance(job, Teach):
            return self._teach(job)
        if isinstance(job, Describe):
            return self._subjects[job.detector].build(_extractor).settings
        if isinstance(job, Show):
            return self._show(job)
        return self._judge(job, progress)

    def build(self, key: Key) -> AnomalyDetector:
        """The detector of a cell, trained if it needs that, on extractors that all jobs share."""
        return self._build(key, _extractor)[0]

    def plain(self, key: Key) -> tuple[AnomalyDetector, float | None]:
        """The detector of a cell as a user would have it, sharing nothing, and the seconds its training took."""
        from tenshot.features import build_extractor

        return self._build(key, build_extractor)

    def _build(
        self, key: Key, extractors: Callable[[ExtractorConfig], Extractor]
    ) -> tuple[AnomalyDetector, float | None]:
        subject = self._subjects[key.detector]
        seed = key.seed if subject.entry.kind == "all" else 0
        job = teach_job(self.request, key)
        if job is None:
            return subject.build(extractors, seed=seed), None
        from tenshot.evaluation.benchmark.teaching import read_trained

        file, identity = self.trained[job]
        trained = read_trained(file, identity)
        if trained is None:
            msg = f"{file}: the trained weights are gone or damaged; --resume trains again"
            raise InputError(msg)
        weights, seconds = trained
        return subject.build(extractors, seed=seed, trained=weights), seconds

    @cached_property
    def _subjects(self) -> dict[str, Subject]:
        return {subject.name: subject for subject in self.request.subjects}

    @cached_property
    def _categories(self) -> dict[str, Category]:
        return load_categories(self.request)

    def _teach(self, job: Teach) -> None:
        from tenshot.evaluation.benchmark.teaching import lesson, teach

        file, identity = self.trained[job]
        tasks = lesson(self._categories.values(), without=job.without, folders=self.request.train_on)
        teach(self._subjects[job.detector], tasks, file=file, identity=identity)

    def _judge(self, job: Judge, progress: Step) -> list[Cell]:
        from tenshot.evaluation.benchmark.conditions import parse_condition
        from tenshot.evaluation.benchmark.judging import judge

        name, condition = job.keys[0].set, parse_condition(job.keys[0].condition)
        made: dict[tuple[str, int], AnomalyDetector] = {}

        def build(key: Key) -> AnomalyDetector:
            of = (key.detector, key.seed if key.shots is None else 0)
            if of not in made:
                made[of] = self.build(key)
            return made[of]

        cells = judge(
            self._categories[name],
            job.keys,
            condition=condition,
            build=build,
            names=self.names[name],
            false_alarm_rate=self.request.false_alarm_rate,
            forget=_forget,
            progress=progress,
        )
        return list(cells)

    def _show(self, job: Show) -> list[Example]:
        from tenshot.evaluation.benchmark.conditions import parse_condition
        from tenshot.evaluation.benchmark.draws import draw
        from tenshot.evaluation.benchmark.examples import show
        from tenshot.evaluation.benchmark.judging import adapt, read

        key, category = job.key, self._categories[job.key.set]
        condition = parse_condition(key.condition)
        names = self.names[key.set].get(str(key.seed), ())
        support = draw(category, names, shots=key.shots, condition=condition, seed=key.seed).support
        rate = self.request.false_alarm_rate
        adapted = adapt(self.build(key), support, condition=condition, false_alarm_rate=rate)
        sources = {category.label(item.source): item.source for item in category.test}
        about = {"set": key.set, "detector": key.detector}
        shown = [
            show(adapted, read(sources[each.image]), kind=each.kind, name=each.image, **about) for each in job.extremes
        ]
        _forget()
        return shown


_BUILT: dict[int, RememberingExtractor] = {}


@cache
def _extractor(config: ExtractorConfig) -> RememberingExtractor:
    """One extractor per configuration and process, which does no work twice."""
    from tenshot.evaluation.remembering import RememberingExtractor
    from tenshot.features import build_extractor

    extractor = RememberingExtractor(build_extractor(config))
    _BUILT[id(extractor)] = extractor
    return extractor


def _forget() -> None:
    for extractor in _BUILT.values():
        extractor.forget()
