"""Everything that decides a record, as one digest: with other code, settings or images it is another record."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenshot.core.errors import InputError
from tenshot.evaluation.benchmark.judging import MAP_SIZE
from tenshot.evaluation.benchmark.subjects import code_digest
from tenshot.evaluation.benchmark.teaching import lesson
from tenshot.evaluation.machine import installed_versions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tenshot.core.types import Image
    from tenshot.data.folders import Category
    from tenshot.evaluation.benchmark.plan import Key, Request, Teach

    Source = Path | Image

__all__ = ["Identities", "set_digest"]

LIBRARIES = ("numpy", "pillow", "scikit-learn", "scipy", "timm", "torch", "torchvision")


class Identities:
    """Digests of a request's records.

    Args:
        request: what is measured.
        categories: its products by name.
        names: of the drawn normal images, by product and seed.
    """

    def __init__(
        self,
        request: Request,
        categories: Mapping[str, Category],
        names: Mapping[str, Mapping[str, Sequence[str]]],
    ) -> None:
        self._request = request
        self._categories = categories
        self._names = names
        self.sets = {name: set_digest(each) for name, each in categories.items()}
        self.code = {each.name: code_digest(each) for each in request.subjects}
        libraries = installed_versions(LIBRARIES)
        self._subjects = {
            each.name: [each.describe(), self.code[each.name], [_content(file) for file in each.files()], libraries]
            for each in request.subjects
        }

    def of_settings(self, detector: str) -> str:
        """Of what a detector computes."""
        return _digest("settings", self._subjects[detector])

    def of_training(self, job: Teach) -> str:
        """Of what a detector learned from other products."""
        tasks = lesson(self._categories.values(), without=job.without, folders=self._request.train_on)
        images = {name: [_fingerprint(source) for source in task] for name, task in tasks.items()}
        return _digest("training", self._subjects[job.detector], images)

    def of_cell(self, key: Key, training: str | None) -> str:
        """Of a measurement.

        Args:
            key: which.
            training: identity of what the detector learned before, where it did.
        """
        names = None if key.shots is None else list(self._names[key.set][str(key.seed)][: key.shots])
        where = [key.set, self.sets[key.set], key.shots, key.seed, key.condition, names]
        protocol = [self._request.false_alarm_rate, MAP_SIZE]
        return _digest("cell", self._subjects[key.detector], where, protocol, training)

    def of_cost(self, key: Key, training: str | None, threads: int) -> str:
        """Of what a detector costs."""
        return _digest("cost", self.of_cell(key, training), threads)


def set_digest(category: Category) -> str:
    """SHA-256 of the names, contents and roles of all images and masks of a product."""
    train = [[category.label(source), *_fingerprint(source)] for source in category.train_good]
    test = [
        [
            category.label(item.source),
            *_fingerprint(item.source),
            item.defect,
            _mask(item.mask_path),
        ]
        for item in category.test
    ]
    return _digest("set", train, test)


def _mask(file: Path | None) -> str | None:
    return _content(file) if file else None


def _fingerprint(source: Source) -> list[str]:
    return [source.name, _content(source) if isinstance(source, Path) else source.digest]


@cache
def _content(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        msg = f"{file}: cannot be read ({error.strerror or error})"
        raise InputError(msg) from error


def _digest(*facts: Any) -> str:  # noqa: ANN401 - plain types of any shape
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
