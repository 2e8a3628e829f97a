"""Who is measured: detectors with their extractors and settings, each a row of the tables, and their controls."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tenshot.core.errors import InputError
from tenshot.evaluation.benchmark.sources import sources_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from torch import Tensor

    from tenshot.core.config import ExtractorConfig
    from tenshot.detectors.contract import AnomalyDetector
    from tenshot.detectors.entries import Entry
    from tenshot.features import Extractor

__all__ = ["NEAREST", "Subject", "code_digest", "parse_subject", "variants", "with_controls"]

# What measures everybody; what a detector imports comes on top.
MEASURING = (
    "tenshot.evaluation.benchmark.judging",
    "tenshot.evaluation.benchmark.conditions",
    "tenshot.evaluation.remembering",
)
TEACHING = "tenshot.evaluation.benchmark.teaching"
NEAREST = "nearest"
UNTRAINED = "untrained"
STEPS = {"training": {"steps": 0}}

Changes = Mapping[str, Mapping[str, object]]


class _AskedError(Exception):
    """Ends the making of a detector once it has said which extractor it wants."""


@dataclass(frozen=True)
class Subject:
    """One row of the tables.

    Attributes:
        detector: its name in the list of all detectors.
        extractor: name of another extractor than its own; ``None`` for its own.
        weights: a local file with that extractor's weights; ``None`` for its own source.
        changes: other settings than its own, by section and name.
        note: what the changes are called in its name, as in ``paper l=3``.
        untrained: whether its network is left as it was initialised: the control of a trained detector.
    """

    detector: str
    extractor: str | None = None
    weights: str | None = None
    changes: Changes = field(default_factory=dict)
    note: str = ""
    untrained: bool = False

    @property
    def name(self) -> str:
        """As in tables: ``paper@resnet10 l=3``."""
        whole = f"{self.detector}@{self.extractor}" if self.extractor else self.detector
        return " ".join(filter(None, (whole, self.note, UNTRAINED if self.untrained else "")))

    @property
    def entry(self) -> Entry:
        """Its place in the list of all detectors."""
        from tenshot.detectors.registry import find_entry

        return find_entry(self.detector)

    @property
    def kind(self) -> Literal["shots", "all", "tasks"]:
        """What it learns from, as in ``Entry``; an untrained network has seen no other products."""
        return "shots" if self.entry.kind == "tasks" and self.untrained else self.entry.kind

    @property
    def needs_training(self) -> bool:
        """Whether it learns from other products before it is adapted."""
        return self.kind == "tasks"

    def build(
        self,
        extractors: Callable[[ExtractorConfig], Extractor],
        *,
        seed: int = 0,
        trained: dict[str, Tensor] | None = None,
    ) -> AnomalyDetector:
        """Makes the detector.

        Args:
            extractors: gives the extractor of a configuration.
            seed: of everything random in it.
            trained: what it learned from other products, where it does.

        Raises:
            InputError: for settings that it does not have.
        """
        from tenshot.detectors.entries import Materials

        changes = dict(self.changes)
        if self.untrained and self.entry.kind == "all":
            changes["training"] = {**changes.get("training", {}), **STEPS["training"]}
        return self.entry.build(
            Materials(
                extractors=extractors,
                extractor=self.extractor,
                weights_file=self.weights,
                changes=changes,
                seed=seed,
                trained=trained,
            )
        )

    def files(self) -> tuple[Path, ...]:
        """Files with weights of the user's or of this package that decide what it computes.

        Raises:
            InputError: for settings that it does not have.
            ExtractorError: for an adapter that does not come with its extractor.
            MissingError: for a file that is not there.
        """
        from tenshot.features.shipped import files_of

        asked: list[ExtractorConfig] = []

        def listen(config: ExtractorConfig) -> Extractor:
            asked.append(config)
            raise _AskedError

        with suppress(_AskedError):
            self.build(listen)
        return tuple(file for config in asked for file in files_of(config))

    def train(self, tasks: Sequence[Tensor], seed: int) -> dict[str, Tensor]:
        """What it learns from other products, each a stack of normal frames."""
        if self.entry.train is None:
            raise TypeError(self.detector)
        return self.entry.train(tasks, seed)

    def describe(self) -> dict[str, Any]:
        """What the request says of it, in plain types and without folders."""
        return {
            "detector": self.detector,
            "extractor": self.extractor,
            "weights": Path(self.weights).name if self.weights else None,
            "changes": {
                section: {name: _without_folder(value) for name, value in values.items()}
                for section, values in self.changes.items()
            },
            "untrained": self.untrained,
        }


def parse_subject(text: str, *, weights: Mapping[str, Path] | None = None) -> Subject:
    """Reads ``DETECTOR`` or ``DETECTOR@EXTRACTOR``.

    Args:
        text: as on the command line.
        weights: local files with weights, by name of the extractor.

    Raises:
        InputError: for an unknown detector.
    """
    from tenshot.detectors.registry import find_entry

    name, at, extractor = text.partition("@")
    find_entry(name)
    if at and not extractor:
        msg = f"detector: expected NAME or NAME@EXTRACTOR, got {text!r}"
        raise InputError(msg)
    file = (weights or {}).get(extractor)
    return Subject(name, extractor or None, str(file) if file else None)


def variants(subject: Subject, settings: Mapping[str, Sequence[object]]) -> tuple[Subject, ...]:
    """Every combination of some settings, as rows of their own.

    Args:
        subject: whose settings are varied.
        settings: values by the setting's name in ``coding``, or in a section, as in ``dictionary.augment``; without
            any, the subject itself.
    """
    names = list(settings)
    return tuple(
        _changed(subject, dict(zip(names, values, strict=True))) for values in itertools.product(*settings.values())
    )


def with_controls(subjects: Iterable[Subject], *, nearest: Subject) -> tuple[Subject, ...]:
    """Adds what a trained result must stand beside: the same network untrained, and nearest neighbour.

    Args:
        subjects: whom to measure.
        nearest: nearest neighbour, at the size of the others.
    """
    wanted = list(subjects)
    trained = [each for each in wanted if each.entry.kind != "shots"]
    controls = [*(replace(each, untrained=True) for each in trained), *([nearest] if trained else [])]
    return tuple({each.name: each for each in (*wanted, *controls)}.values())


def code_digest(subject: Subject) -> str:
    """SHA-256 over the sources that decide what a subject scores: other code gives other cells."""
    from tenshot.detectors.registry import home_of

    more = (TEACHING,) if subject.needs_training else ()
    return sources_digest([*MEASURING, *more, f"tenshot.detectors.{home_of(subject.detector)}.entry"])


def _changed(subject: Subject, values: Mapping[str, object]) -> Subject:
    changes = {section: dict(entries) for section, entries in subject.changes.items()}
    for name, value in values.items():
        section, _, setting = name.rpartition(".")
        changes.setdefault(section or "coding", {})[setting] = value
    told = (f"{_short(name)}={_without_folder(value)}" for name, value in values.items())
    note = " ".join(filter(None, (subject.note, *told)))
    return replace(subject, changes=changes, note=note)


def _without_folder(value: object) -> object:
    return value.rpartition("/")[2] if isinstance(value, str) else value


def _short(name: str) -> str:
    return {"receptive_field": "l"}.get(name, name.rpartition(".")[2])
