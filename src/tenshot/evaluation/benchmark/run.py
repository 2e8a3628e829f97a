"""A whole benchmark: what is missing is measured, every finished job is kept at once, then all is put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from tenshot.core.errors import InputError
from tenshot.evaluation.benchmark import schema
from tenshot.evaluation.benchmark.cell import PLAIN
from tenshot.evaluation.benchmark.conditions import parse_condition
from tenshot.evaluation.benchmark.cost import measure_cost
from tenshot.evaluation.benchmark.desk import Describe, Desk, Show, load_categories
from tenshot.evaluation.benchmark.draws import draw, draw_names
from tenshot.evaluation.benchmark.identities import Identities
from tenshot.evaluation.benchmark.judging import MAP_SIZE
from tenshot.evaluation.benchmark.log import CellLog
from tenshot.evaluation.benchmark.plan import Judge, Key, Teach, all_keys, judge_jobs, teach_job, teach_jobs
from tenshot.evaluation.benchmark.teaching import read_trained, trained_file
from tenshot.evaluation.benchmark.workers import run_jobs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from tenshot.data.folders import Category
    from tenshot.evaluation.benchmark.examples import Example
    from tenshot.evaluation.benchmark.plan import Request
    from tenshot.evaluation.benchmark.workers import Job

__all__ = ["Run", "Watcher", "start"]

CELLS = "cells.jsonl"
TRAINED = "trained"


class Watcher(Protocol):
    """Told how a run goes."""

    def planned(self, cells: int, found: int) -> None:
        """So many cells are wanted, and so many of them were found."""

    def working(self, label: str, done: int, total: int) -> None:
        """A job is so far."""

    def finished(self, label: str, cells: int) -> None:
        """A job is done and gave so many cells."""


def start(request: Request, out: Path, *, resume: bool, watcher: Watcher) -> Run:
    """Plans a run; whatever is wrong with a request is found here, before anything is measured.

    Args:
        request: what is wanted.
        out: folder of finished cells and trained weights.
        resume: go on with what is there.
        watcher: told how it goes.

    Raises:
        InputError: for anything in the request that cannot be; or a folder that holds a benchmark already.
        MissingError: for a set that is not there.
        OutputError: for a folder that cannot be written.
    """
    if (out / CELLS).exists() and not resume:
        msg = f"{out}: holds a benchmark already; go on with it by --resume, or name another folder"
        raise InputError(msg)
    return Run(request, out, watcher=watcher)


class Run:
    """A benchmark on its way. Made by ``start``.

    Attributes:
        categories: the products, by name.
        keys: of all wanted cells, in order.
    """

    def __init__(self, request: Request, out: Path, *, watcher: Watcher) -> None:
        self.request = request
        self.categories = load_categories(request)
        self.keys = all_keys(request, self.categories.values())
        self._subjects = {each.name: each for each in request.subjects}
        self._watcher = watcher
        self._names = {name: self._draw(category) for name, category in self.categories.items()}
        self._try_draws()
        self._identities = Identities(request, self.categories, self._names)
        self._trainings = {
            job: (trained_file(out / TRAINED, job.detector, job.without), self._identities.of_training(job))
            for job in teach_jobs(request, self.keys)
        }
        self._ids = {key: self._identities.of_cell(key, self._training(key)) for key in self.keys}
        self._desk = Desk(request, self._names, self._trainings)
        self._log = CellLog(out / CELLS)
        self._taught: set[Teach] = set()

    def measure(self, *, jobs: int) -> None:
        """Measures the cells that are missing.

        Args:
            jobs: how many processes.

        Raises:
            TenshotError: if a job fails; finished cells are kept.
        """
        missing = [key for key in self.keys if self._ids[key] not in self._log.records]
        self._watcher.planned(len(self.keys), len(self.keys) - len(missing))
        # Costs and pictures need trained detectors, too, even if every cell is there and their weights are not.
        wanted = teach_jobs(self.request, [*missing, *self._cost_keys(), *self._picture_keys()])
        self._taught |= {job for job in wanted if read_trained(*self._trainings[job]) is not None}
        trainings = [job for job in wanted if job not in self._taught]
        settings = [
            Describe(each.name)
            for each in self.request.subjects
            if self._identities.of_settings(each.name) not in self._log.records
        ]
        work: list[Job] = [*settings, *trainings, *judge_jobs(missing, self.categories, at_once=jobs)]
        run_jobs(work, desk=self._desk, foreman=self, count=jobs)

    def measure_costs(self, *, threads: int) -> None:
        """Measures time and memory of every detector on the first product, alone on the machine.

        Args:
            threads: that numerical libraries may use.
        """
        for key in self._cost_keys():
            name = self._identities.of_cost(key, self._training(key), threads)
            if name not in self._log.records:
                self._watcher.working(f"{key.detector}: time and memory", 0, 1)
                self._log.add({name: measure_cost(self._desk, key, threads=threads).model_dump()})
                self._watcher.finished(f"{key.detector}: time and memory", 0)

    def results(self, made: schema.Made, *, threads: int | None) -> schema.Results:
        """Everything measured, in the order of the request.

        Args:
            made: where it comes from.
            threads: with which the costs were measured; ``None`` to leave costs out.
        """
        records = self._log.records
        costs: list[dict[str, Any]] = []
        if threads is not None:
            priced = [self._identities.of_cost(key, self._training(key), threads) for key in self._cost_keys()]
            costs = [records[name] for name in priced if name in records]
        return schema.Results(
            made=made,
            protocol=schema.Protocol(
                shots=self.request.shots,
                seeds=self.request.seeds,
                map_size=MAP_SIZE,
                false_alarm_rate=self.request.false_alarm_rate,
                conditions=self.request.conditions,
                test_images=self.request.test_images,
                train_apart=self.request.train_apart,
            ),
            sets=tuple(self._about(category) for category in self.categories.values()),
            detectors=tuple(
                schema.DetectorInfo(
                    name=each.name,
                    title=each.entry.title,
                    kind=each.kind,
                    settings=records[self._identities.of_settings(each.name)],
                    code=self._identities.code[each.name],
                )
                for each in self.request.subjects
            ),
            cells=tuple(schema.Cell.model_validate(records[self._ids[key]]) for key in self.keys),
            costs=tuple(schema.Cost.model_validate(cost) for cost in costs),
        )

    def pictures(self, *, jobs: int) -> list[Example]:
        """The best and the worst images of every product, with the maps of a detector that is quick to adapt."""
        cells = {key: schema.Cell.model_validate(self._log.records[self._ids[key]]) for key in self._picture_keys()}
        collector = _Collector(self._watcher)
        shows = [Show(key, cell.extremes) for key, cell in cells.items()]
        run_jobs(shows, desk=self._desk, foreman=collector, count=jobs)
        return [example for show in shows for example in collector.examples[show.key.set]]

    # What ``run_jobs`` tells.

    def may_start(self, job: Job) -> bool:
        """Whether what a job's detector learns from other products is there."""
        needed = teach_job(self.request, job.keys[0]) if isinstance(job, Judge) else None
        return needed is None or needed in self._taught

    def progress(self, job: Job, done: int, total: int) -> None:
        """Passed on."""
        self._watcher.working(job.label, done, total)

    def finished(self, job: Job, result: Any) -> None:  # noqa: ANN401 - each job has a result of its own
        """Keeps what a job gave."""
        records: dict[str, dict[str, Any]] = {}
        if isinstance(job, Judge):
            records = {self._ids[key]: cell.model_dump() for key, cell in zip(job.keys, result, strict=True)}
        elif isinstance(job, Describe):
            records = {self._identities.of_settings(job.detector): result}
        elif isinstance(job, Teach):
            self._taught.add(job)
        if records:
            self._log.add(records)
        self._watcher.finished(job.label, len(records) if isinstance(job, Judge) else 0)

    def _draw(self, category: Category) -> dict[str, Sequence[str]]:
        if self.request.replay:
            if category.name not in self.request.replay:
                msg = f"support of {category.name}: the list to replay has only {', '.join(self.request.replay)}"
                raise InputError(msg)
            listed = self.request.replay[category.name]
            missing = [seed for seed in self.request.seeds if str(seed) not in listed]
            if missing:
                msg = f"support of {category.name}: the list to replay has no draw for seed {missing[0]}"
                raise InputError(msg)
            return {str(seed): listed[str(seed)] for seed in self.request.seeds}
        return dict(draw_names(category, max(self.request.shots), self.request.seeds))

    def _try_draws(self) -> None:
        """Draws everything once, so that what cannot be drawn is said now and not after hours."""
        wanted = {(key.set, key.shots, key.seed, key.condition) for key in self.keys if key.shots is not None}
        for name, shots, seed, condition in sorted(wanted):
            names = self._names[name][str(seed)]
            draw(self.categories[name], names, shots=shots, condition=parse_condition(condition), seed=seed)

    def _training(self, key: Key) -> str | None:
        job = teach_job(self.request, key)
        return None if job is None else self._trainings[job][1]

    def _cost_keys(self) -> Iterable[Key]:
        """One cell per detector: the first product, the most shots."""
        first = {key.detector: key for key in reversed(self.keys) if key.condition == self.request.conditions[0]}
        for name in self._subjects:
            same = [key for key in self.keys if key.detector == name and key.set == first[name].set]
            yield max(same, key=lambda key: (key.shots or 0, -key.seed))

    def _picture_keys(self) -> list[Key]:
        """One cell per product: the first detector that does not train anew for it, most shots, first draw, plain."""
        quick = next((each for each in self.request.subjects if each.kind != "all"), None)
        if quick is None:
            return []
        shots, seed = max(self.request.shots), self.request.seeds[0]
        return [Key(name, quick.name, shots, seed, PLAIN) for name in self.categories]

    def _about(self, category: Category) -> schema.SetInfo:
        bad = sum(item.is_anomalous for item in category.test)
        return schema.SetInfo(
            name=category.name,
            about=category.about,
            train=len(category.train_good),
            test_good=len(category.test) - bad,
            test_bad=bad,
            has_masks=category.has_all_masks,
            lacks=category.lacks,
            digest=self._identities.sets[category.name],
            support={seed: tuple(names) for seed, names in self._names[category.name].items()},
        )


class _Collector:
    """Keeps pictures as they come."""

    def __init__(self, watcher: Watcher) -> None:
        self.examples: dict[str, list[Example]] = {}
        self._watcher = watcher

    def may_start(self, job: Job) -> bool:  # noqa: ARG002 - the interface
        """Always."""
        return True

    def progress(self, job: Job, done: int, total: int) -> None:
        """Passed on."""
        self._watcher.working(job.label, done, total)

    def finished(self, job: Any, result: list[Example]) -> None:  # noqa: ANN401 - a ``Show``
        """Keeps them."""
        self.examples[job.key.set] = result
        self._watcher.finished(job.label, 0)
