"""``tenshot benchmark``: from options to a request, and from results to files."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import sys
from typing import TYPE_CHECKING, Self

from tenshot.cli.console import hint, stderr, stdout
from tenshot.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from rich.progress import Progress, TaskID

    from tenshot.cli.measuring_options import AblationOptions, ProtocolOptions, RobustnessOptions, TaskOptions
    from tenshot.data.folders import Category
    from tenshot.evaluation.benchmark.plan import Request
    from tenshot.evaluation.benchmark.schema import Made, Results
    from tenshot.evaluation.benchmark.subjects import Subject

__all__ = ["conditions", "list_all", "measure", "subjects"]

DETECTORS = ("adaptive", "nearest")
SHOTS = (1, 2, 4, 10)
POSES = ("none", "query", "both")
SPARSITY = {"on": "sigshrink", "off": "none"}
SHRINKAGES = ("soft", "sigshrink", "none")
RESULTS, TABLES, REPORT = "results.json", "results.md", "report.html"


def conditions(robustness: RobustnessOptions) -> tuple[str, ...]:
    """Conditions as text; ``plain`` always comes first, since everything is compared with it.

    Raises:
        InputError: for one that does not exist.
    """
    from tenshot.evaluation.benchmark.cell import PLAIN
    from tenshot.evaluation.benchmark.conditions import parse_condition

    wanted = [
        *(f"rotate:{each}" for each in robustness.pose or () if _one_of("--pose", each, POSES) != "none"),
        *(f"contaminate:{each:g}" for each in robustness.contaminate or () if each),
        *(robustness.corrupt or ()),
    ]
    return tuple(dict.fromkeys([PLAIN, *(str(parse_condition(each)) for each in wanted)]))


def subjects(protocol: ProtocolOptions, ablations: AblationOptions) -> tuple[Subject, ...]:
    """Whom to measure: every detector in every combination of the varied settings, and the controls.

    Raises:
        InputError: for a detector or setting that does not exist.
    """
    from tenshot.evaluation.benchmark.subjects import NEAREST, Subject, parse_subject, variants, with_controls

    files = dict(_weights(each) for each in protocol.weights or ())
    varied = dict(_varied(ablations))
    if protocol.image_size is not None:
        varied = {"detector.image_size": [protocol.image_size], **varied}
    names = protocol.detector or DETECTORS
    wanted = [each for name in names for each in variants(parse_subject(name, weights=files), varied)]
    unique = {each.name: each for each in wanted}
    if clash := next((each.name for each in wanted if unique[each.name] != each), None):
        msg = f"{clash}: expected one row of this name, got two; give one of the files another name"
        raise InputError(msg)
    if unused := [name for name in files if name not in {each.extractor for each in wanted}]:
        msg = f"--weights: expected an extractor that a detector is asked with, as in nearest@{unused[0]}, got it alone"
        raise InputError(msg)
    if protocol.no_controls:
        return tuple(unique.values())
    size = {"detector.image_size": [protocol.image_size]} if protocol.image_size else {}
    return with_controls(unique.values(), nearest=variants(Subject(NEAREST), size)[0])


def measure(
    sets: Sequence[str],
    *,
    task: TaskOptions,
    protocol: ProtocolOptions,
    robustness: RobustnessOptions,
    ablations: AblationOptions,
) -> None:
    """Measures, writes ``results.json``, ``results.md`` and ``report.html``, and says where.

    Raises:
        InputError: for options that cannot be; before anything is measured.
        TenshotError: if measuring fails; finished cells are kept.
    """
    from tenshot.evaluation.benchmark.markdown import tables
    from tenshot.evaluation.benchmark.page import page
    from tenshot.evaluation.benchmark.run import start
    from tenshot.evaluation.ledger import write_whole

    wanted = _request(sets, task, protocol, conditions=conditions(robustness), subjects=subjects(protocol, ablations))
    out, cores = task.out, os.cpu_count() or 1
    jobs = task.jobs or cores
    with _Watcher() as watcher:
        run = start(wanted, out, resume=task.resume, watcher=watcher)
        _tell_lacks(run.categories.values())
        run.measure(jobs=jobs)
        if not task.no_costs:
            run.measure_costs(threads=cores)
        results = run.results(_made(), threads=None if task.no_costs else cores)
        write_whole(out / RESULTS, results.as_text())
        write_whole(out / TABLES, tables(results))
        write_whole(out / REPORT, page(results, run.pictures(jobs=jobs)))
    _tell(results, out)


def _request(
    sets: Sequence[str],
    task: TaskOptions,
    protocol: ProtocolOptions,
    *,
    conditions: tuple[str, ...],
    subjects: tuple[Subject, ...],
) -> Request:
    from tenshot.evaluation.benchmark.draws import read_names
    from tenshot.evaluation.benchmark.plan import Request

    if not sets:
        msg = "SETS: expected at least one folder or known set; see tenshot benchmark --list"
        raise InputError(msg)
    if not 0 < protocol.false_alarm_rate < 1:
        msg = f"--false-alarm-rate: expected a number between 0 and 1, got {protocol.false_alarm_rate}"
        raise InputError(msg)
    folders = tuple(protocol.train_on or ())
    if folders and not any(subject.needs_training for subject in subjects):
        msg = "--train-on: expected a detector that learns from other products, such as maml_ae; none was asked for"
        raise InputError(msg)
    if protocol.train_apart and not folders:
        msg = "--train-apart: expected folders to train on, by --train-on, got none"
        raise InputError(msg)
    if missing := next((folder for folder in folders if not folder.is_dir()), None):
        msg = f"--train-on: expected a folder with a sub-folder of images per product, got {missing}"
        raise InputError(msg)
    return Request(
        sets=tuple(sets),
        data=task.data,
        subjects=subjects,
        shots=tuple(sorted(set(protocol.shots or SHOTS))),
        seeds=tuple(range(protocol.seeds)),
        conditions=conditions,
        false_alarm_rate=protocol.false_alarm_rate,
        test_images=protocol.test_images,
        train_on=folders,
        train_apart=protocol.train_apart,
        replay=read_names(protocol.support) if protocol.support else {},
    )


def list_all() -> None:
    """Prints every detector and every known set."""
    from rich.table import Table

    from tenshot.data.catalogue import known_sets
    from tenshot.detectors.registry import all_entries

    learns = {"shots": "K normal images", "all": "all normal images", "tasks": "other products, then K images"}
    console = stdout()
    table = Table("Detector", "Learns from", "What it is", box=None)
    for entry in all_entries().values():
        table.add_row(entry.name, learns[entry.kind], entry.title)
    console.print(table)
    table = Table("Known set", "What it is", box=None)
    for name, about in known_sets().items():
        table.add_row(name, about)
    console.print()
    console.print(table)


def _made() -> Made:
    from tenshot.evaluation.benchmark.schema import Made
    from tenshot.evaluation.machine import commit, describe_machine, installed_versions

    return Made(command=_told(sys.argv[1:]), commit=commit(), machine=describe_machine(), versions=installed_versions())


def _told(typed: Sequence[str]) -> str:
    """What was typed, without the folders of this machine: of a path from somewhere else only its last part is told."""
    return shlex.join(["tenshot", *("=".join(map(_last, arg.split("="))) for arg in typed)])


def _last(part: str) -> str:
    flag = part[:2] if re.match(r"-[a-z][/~.]", part) else ""
    path = part.removeprefix(flag)
    return flag + path.rstrip("/").rpartition("/")[2] if path.startswith(("/", "~", "..")) else part


def _varied(ablations: AblationOptions) -> Iterator[tuple[str, list[object]]]:
    sparse = [SPARSITY[_one_of("--sparsity", each, SPARSITY)] for each in ablations.sparsity or ()]
    if shrinkages := [*sparse, *(_one_of("--shrinkage", each, SHRINKAGES) for each in ablations.shrinkage or ())]:
        yield "shrinkage", list(dict.fromkeys(shrinkages))
    if ablations.vary_receptive_field:
        yield "receptive_field", list(ablations.vary_receptive_field)
    pairs = sorted(map(_setting, ablations.set or ()), key=lambda pair: pair[0])
    for name, group in itertools.groupby(pairs, key=lambda pair: pair[0]):
        yield name, [value for _, value in group]


def _one_of(option: str, value: str, allowed: Collection[str]) -> str:
    if value not in allowed:
        msg = f"{option}: expected {', '.join(allowed)}, got {value!r}"
        raise InputError(msg)
    return value


def _setting(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not equals or name.count(".") != 1:
        msg = f"--set: expected SECTION.NAME=VALUE, as in coding.active_atoms=10, got {text!r}"
        raise InputError(msg)
    return name, value


def _weights(text: str) -> tuple[str, Path]:
    from pathlib import Path

    name, equals, file = text.partition("=")
    if not equals or not Path(file).is_file():
        msg = f"--weights: expected EXTRACTOR=FILE with a file that is there, got {text!r}"
        raise InputError(msg)
    return name, Path(file)


class _Watcher:
    """Shows how a run goes: a bar on a terminal, a line per finished job elsewhere."""

    def __init__(self) -> None:
        self._console = stderr()
        self._bar: Progress | None = None
        self._whole: TaskID | None = None
        self._jobs: dict[str, TaskID] = {}
        self._done = self._cells = 0

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=self._console, transient=True)
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._bar:
            self._bar.stop()
        if kind is KeyboardInterrupt and self._done:
            hint(f"{self._done} of {self._cells} cells are kept; --resume goes on with the rest")

    def planned(self, cells: int, found: int) -> None:
        self._cells, self._done = cells, found
        if found:
            hint(f"{found} of {cells} cells are there already")
        if self._bar:
            self._whole = self._bar.add_task("cells", total=cells, completed=found)

    def working(self, label: str, done: int, total: int) -> None:
        if self._bar:
            if label not in self._jobs:
                self._jobs[label] = self._bar.add_task(label, total=total)
            self._bar.update(self._jobs[label], completed=done)

    def finished(self, label: str, cells: int) -> None:
        self._done += cells
        if not self._bar:
            hint(f"[{self._done}/{self._cells}] {label}")
            return
        if label in self._jobs:
            self._bar.remove_task(self._jobs.pop(label))
        if self._whole is not None:
            self._bar.update(self._whole, completed=self._done)


def _tell_lacks(categories: Iterable[Category]) -> None:
    for category in categories:
        if category.lacks:
            hint(f"{category.name}: {category.lacks}")


def _tell(results: Results, out: Path) -> None:
    from tenshot.evaluation.benchmark.markdown import summary

    stdout().print(summary(results), markup=False)
    stdout().print(f"\nWrote {out / RESULTS}, {TABLES} and {REPORT}", markup=False)
