"""A detector adapted to one product: the object that judges images."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch

from tenshot.calibration import outliers, promises
from tenshot.core.config import ExtractorConfig, validated
from tenshot.core.errors import InputError, TaskFileError
from tenshot.detectors.adaptive_energy import task_file
from tenshot.detectors.adaptive_energy.judging import judge_photo
from tenshot.detectors.adaptive_energy.learning import extract, learn, own_framing
from tenshot.detectors.adaptive_energy.path import ScoringPath
from tenshot.detectors.adaptive_energy.shots import dictionary_of
from tenshot.detectors.framing import take_photo
from tenshot.detectors.photos import LeftOut, as_sequence, decode, require_one_kind, take_photos
from tenshot.detectors.verdicts import Verdicts
from tenshot.features import build_extractor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from tenshot.core.types import Image, Prediction
    from tenshot.detectors.adaptive_energy.selection import Choice
    from tenshot.detectors.adaptive_energy.task import Task
    from tenshot.detectors.photos import Source

    Progress = Callable[[int, int], None]

__all__ = ["Adapted", "SupportImage"]

SHORTEST_ID = 4


@dataclass(frozen=True, slots=True)
class SupportImage:
    """One normal image of a task, as people see it.

    Attributes:
        id: short name, unique within the task; what ``remove`` takes.
        name: of the image as it was given.
        digest: SHA-256 of its pixels.
        score: what it scores against the other shots.
    """

    id: str
    name: str
    digest: str
    score: float


class Adapted:
    """A detector that knows what is normal for one product or camera. Immutable; safe from several threads.

    Made by ``Detector.adapt`` or ``Adapted.load``. ``add``, ``remove`` and ``with_false_alarm_rate`` return a new
    object and leave this one as it is.

    Attributes:
        path: the scoring path with the task's dictionary.
        task: everything a task file holds.
        left_out: normal images that were given but not used, and why.
        choices: the photos that ``select`` chose, and why.
    """

    def __init__(
        self, path: ScoringPath, task: Task, *, left_out: Sequence[LeftOut] = (), choices: Sequence[Choice] = ()
    ) -> None:
        self.path = path
        self.task = task
        self.left_out = tuple(left_out)
        self.choices = tuple(choices)

    @cached_property
    def verdicts(self) -> Verdicts:
        """What the task makes of its held-out normals."""
        return Verdicts(self.task.scores, self.task.peaks, self.task.false_alarm_rate)

    @property
    def threshold(self) -> float:
        """A score above it is anomalous; a normal image exceeds it at the wanted false-alarm rate."""
        return self.verdicts.threshold

    @property
    def map_threshold(self) -> float:
        """The fixed map scale: a normal image has a pixel above it at the wanted false-alarm rate."""
        return self.verdicts.map_threshold

    @property
    def support(self) -> tuple[SupportImage, ...]:
        """The normals, in the order they were given."""
        return tuple(
            SupportImage(shot.id, shot.name, shot.digest, score)
            for shot, score in zip(self.task.shots, self.task.scores, strict=True)
        )

    def predict(self, images: Source | Iterable[Source]) -> list[Prediction]:
        """Judges images.

        Args:
            images: one image or several: paths, Pillow images, arrays ``(H, W)`` or ``(H, W, C)``, tensors
                ``(C, H, W)``; see ``tenshot.data.images.read_image``. An array or tensor with one more dimension is a
                batch.

        Returns:
            One prediction per image, in order.

        Raises:
            ImageError: for the first image that cannot be read; ``MissingError`` if it is not there.
        """
        return list(self.predict_iter(as_sequence(images)))

    def predict_iter(self, images: Iterable[Source]) -> Iterator[Prediction]:
        """Judges images one by one as they come, in constant memory."""
        sources = [images] if isinstance(images, str | os.PathLike) else images
        for position, image in enumerate(sources):
            yield self._judge(decode(image, position))

    @torch.inference_mode(mode=False)
    @torch.no_grad()
    def add(
        self, images: Source | Iterable[Source], *, skip_broken: bool = False, progress: Progress | None = None
    ) -> Adapted:
        """Teaches more normals.

        Only the new images go through the network; the result is the same, to the bit, as adapting to all of them at
        once at this input size.

        Args:
            images: more normal images; those the task already has are ignored.
            skip_broken: leave out images that cannot be used, instead of raising.
            progress: called with (done, total) after every image.

        Raises:
            SupportError: for images that cannot teach anything.
        """
        task, extractor = self.task, self.path.extractor
        photos, left_out = take_photos(
            as_sequence(images),
            choose=own_framing(extractor, task.config),
            roi=task.roi,
            framing=task.framing,
            skip_broken=skip_broken,
        )
        require_one_kind([*task.shots, *photos])
        known = {shot.digest: shot.name for shot in task.shots}
        new = [photo for photo in photos if photo.digest not in known]
        left_out += [
            LeftOut(p.name, f"the task already has it as {known[p.digest]}") for p in photos if p.digest in known
        ]
        shots = (*task.shots, *extract(self.path, new, progress=progress))
        return Adapted(*learn(extractor, task, shots), left_out=left_out)

    @torch.inference_mode(mode=False)
    @torch.no_grad()
    def remove(self, ids: str | Sequence[str]) -> Adapted:
        """Forgets normals.

        Args:
            ids: ids (or unambiguous beginnings of at least four digits) or names, as in ``support``.

        Raises:
            InputError: for an id that names no shot or several, or if nothing would be left.
            SupportError: if a single shot would be left: it could not be held out, as its image is not kept.
        """
        gone = {self._find(wanted) for wanted in ([ids] if isinstance(ids, str) else ids)}
        kept = tuple(shot for shot in self.task.shots if shot.digest not in gone)
        if not kept:
            msg = f"remove: a task needs at least one normal image, all {len(self.task.shots)} were named"
            raise InputError(msg)
        return Adapted(*learn(self.path.extractor, self.task, kept))

    def with_false_alarm_rate(self, rate: float) -> Adapted:
        """The same task with another wanted false-alarm rate, in (0, 1)."""
        self.verdicts.calibration.threshold(rate)
        return Adapted(
            self.path, replace(self.task, false_alarm_rate=rate), left_out=self.left_out, choices=self.choices
        )

    def save(self, path: str | Path) -> Path:
        """Writes a task file, whole or not at all.

        The file holds features and names of the normals, not the photos - except where holding one out needs the photo
        itself, at input resolution: for a single shot and for gradient maps.

        Raises:
            OutputError: if it cannot be written.
        """
        return task_file.write(path, self.task, self.path.extractor.spec)

    @classmethod
    @torch.inference_mode(mode=False)
    @torch.no_grad()
    def load(
        cls,
        path: str | Path,
        *,
        weights: Path | None = None,
        adapter: str | Path | None = None,
        device: str = "cpu",
    ) -> Adapted:
        """Reads a task file and its extractor.

        Args:
            path: of the task file.
            weights: the extractor's weights, if they are no longer where they were at adaptation.
            adapter: the file of its adapter, likewise.
            device: to run on.

        Raises:
            MissingError: no such file, or its extractor's weights or adapter are not there.
            TaskFileError: damaged, truncated, another version, or made with another extractor.
            InputError: a device that is not there.
        """
        task, spec = task_file.read(path)
        config = task.config.extractor
        if config.name != spec.name:
            msg = f"{path}: not a whole tenshot task file (its extractor is {spec.name} here and {config.name} there)"
            raise TaskFileError(msg)
        wanted = {"weights": weights, "adapter": adapter or task_file.adapter_of(config, spec)}
        changes = {setting: value for setting, value in wanted.items() if value is not None}
        extractor = build_extractor(validated(ExtractorConfig, config.model_dump() | changes), device=device)
        task_file.require_same_extractor(path, spec, extractor.spec)
        embedding = ScoringPath(extractor, task.config)
        return cls(ScoringPath(extractor, task.config, dictionary_of(embedding, task.shots)).to(device), task)

    def summary(self) -> dict[str, Any]:
        """Everything worth knowing about the task, in plain types."""
        task, spec = self.task, self.path.extractor.spec
        return {
            "extractor": {
                "name": spec.name,
                "layers": list(spec.layers),
                "weights": spec.weights,
                "adapter": spec.adapter,
                "balance": list(spec.balance),
            },
            "input_size": list(task.framing.size),
            "tile": task.framing.tile,
            "config": task.config.model_dump(mode="json"),
            "atoms": self.path.atoms.shape[0] * self.path.atoms.shape[1],
            "has_roi": task.roi is not None,
            "false_alarm_rate": task.false_alarm_rate,
            "threshold": self.threshold,
            "map_threshold": self.map_threshold,
            "support": [asdict(image) for image in self.support],
            "notes": list(self.notes),
        }

    @property
    def notes(self) -> tuple[str, ...]:
        """What these normals can promise and what they cannot."""
        strangers = [self.task.shots[i].name for i in outliers(self.task.scores)]
        doubts = [
            f"{name} is unlike the other normal images: make sure that it shows a good one." for name in strangers
        ]
        return (*promises(len(self.task.shots), self.task.false_alarm_rate), *doubts)

    @torch.no_grad()
    def _judge(self, image: Image) -> Prediction:
        photo = take_photo(image, framing=self.task.framing, roi=self.task.roi)
        score, anomaly_map = judge_photo(self.path, photo)
        return self.verdicts.on(image.name, score, anomaly_map)

    def _find(self, wanted: str) -> str:
        matches = {
            shot.digest
            for shot in self.task.shots
            if shot.name == wanted or (len(wanted) >= SHORTEST_ID and shot.digest.startswith(wanted))
        }
        if len(matches) != 1:
            msg = f"remove: {wanted!r} names {len(matches) or 'none'} of the {len(self.task.shots)} normal images"
            raise InputError(msg)
        return matches.pop()
