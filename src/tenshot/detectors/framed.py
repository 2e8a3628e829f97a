"""The common half of the simple methods: photos in, frames of one size, calibration from held-out normals, verdicts.

A method says how it sees a frame (``represent``), what it learns from several (``fit``) and how what it learned judges
one (``Normality.judge``), in pure tensor operations. Everything a user meets is here, once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from tenshot.core.errors import InputError, SupportError
from tenshot.detectors.framing import choose_framing, take_photo
from tenshot.detectors.photos import as_sequence, decode, take_photos
from tenshot.detectors.single_shot import SHIFT_FACTOR, moved
from tenshot.detectors.verdicts import Verdicts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from torch import Tensor

    from tenshot.core.types import Image, Prediction
    from tenshot.detectors.framing import Framing
    from tenshot.detectors.photos import Source

__all__ = ["FramedAdapted", "FramedDetector", "Method", "Normality"]

HALF_STRIDE = 4


class Normality(ABC):
    """What a method has learned from normal frames."""

    @abstractmethod
    def judge(self, representation: Tensor, *, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Judges frames as the method sees them.

        Args:
            representation: ``(B, …)`` from ``Method.represent``.
            size: ``(h, w)`` of the maps.

        Returns:
            Scores ``(B,)`` and maps ``(B, h, w)``; both at least 0, larger = more anomalous, unbounded, no probability.
        """


class Method(ABC):
    """A method of the simple kind. Stateless: everything learned is in the ``Normality`` it returns.

    Attributes:
        image_size: side in pixels of the square whose area the frames have.
        multiple: sides of frames are multiples of it.
        square: whether frames are always squares; otherwise their shape follows the photos.
    """

    image_size: int
    multiple: int = 8
    square: bool = False

    def represent(self, frames: Tensor) -> Tensor:
        """What the method sees of frames: ``(B, 3, h, w)`` in [0, 1] to ``(B, …)``; by default the frames."""
        return frames

    @property
    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Everything that decides what it computes, in plain types; no folders of this machine."""

    @abstractmethod
    def fit(self, support: Tensor) -> Normality:
        """Learns from what it sees of K normal frames, ``(K, …)`` with K at least 1. Deterministic."""

    def held_out(self, support: Tensor) -> Iterator[tuple[Normality, int]]:
        """For every normal that is to be held out, what was learned without it, and its index.

        Each of them in turn by default, which means as many fits as normals.
        """
        for index in range(len(support)):
            yield self.fit(torch.cat([support[:index], support[index + 1 :]])), index

    def learn(self, support: Tensor) -> tuple[Normality, Iterable[tuple[Normality, int]]]:
        """What is learned from several normals for use, and what calibrates it, as from ``held_out``.

        By default two separate things; a method that trains for minutes trains once, without a part of the normals,
        and uses what it learned for both.
        """
        return self.fit(support), self.held_out(support)


@dataclass(frozen=True, eq=False)
class FramedAdapted:
    """A method adapted to one product.

    Attributes:
        method: how frames are seen.
        normality: what was learned.
        framing: how photos become frames.
        verdicts: calibrated from held-out normals.
    """

    method: Method
    normality: Normality
    framing: Framing
    verdicts: Verdicts

    @property
    def threshold(self) -> float:
        """A score above it is anomalous."""
        return self.verdicts.threshold

    def predict(self, images: Source | Iterable[Source]) -> list[Prediction]:
        """Judges images; see ``AdaptedDetector.predict``."""
        return [self._judge(decode(image, position)) for position, image in enumerate(as_sequence(images))]

    @torch.no_grad()
    def _judge(self, image: Image) -> Prediction:
        frame = take_photo(image, framing=self.framing, roi=None).frames
        scores, maps = self.normality.judge(self.method.represent(frame), size=self.framing.size)
        return self.verdicts.on(image.name, float(scores[0]), maps[0])


class FramedDetector:
    """A method behind the interface of every detector.

    Args:
        method: what is adapted.
    """

    def __init__(self, method: Method) -> None:
        self.method = method

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that decides what it computes, in plain types."""
        return self.method.settings

    @torch.inference_mode(mode=False)
    def adapt(self, images: Source | Iterable[Source], *, false_alarm_rate: float = 0.05) -> FramedAdapted:
        """Learns what is normal; see ``AnomalyDetector.adapt``."""
        if not 0 < false_alarm_rate < 1:
            msg = f"false_alarm_rate: expected a number between 0 and 1, got {false_alarm_rate}"
            raise InputError(msg)
        photos, _ = take_photos(as_sequence(images), choose=partial(_own_framing, method=self.method))
        if not photos:
            msg = "normal images: expected at least one usable image, got none"
            raise SupportError(msg)
        framing = photos[0].framing
        with torch.no_grad():
            support = torch.cat([self.method.represent(photo.frames.float()) for photo in photos])
        if len(photos) == 1:
            normality = self.method.fit(support)
            judged = self._shifted(photos[0].frames.float(), normality)
        else:
            normality, held_out = self.method.learn(support)
            judged = _held_out(held_out, support, framing)
        verdicts = Verdicts(tuple(score for score, _ in judged), tuple(peak for _, peak in judged), false_alarm_rate)
        return FramedAdapted(self.method, normality, framing, verdicts)

    def _shifted(self, frame: Tensor, normality: Normality) -> list[tuple[float, float]]:
        """Copies of the only normal, moved a little, stand in for a second one."""
        size = (frame.shape[-2], frame.shape[-1])
        with torch.no_grad():
            seen = [self.method.represent(moved(frame, step)) for step in (-HALF_STRIDE, HALF_STRIDE)]
            judged = [_figures(*normality.judge(each, size=size)) for each in seen]
        return [(SHIFT_FACTOR * max(s for s, _ in judged), SHIFT_FACTOR * max(p for _, p in judged))]


def _held_out(
    held_out: Iterable[tuple[Normality, int]], support: Tensor, framing: Framing
) -> list[tuple[float, float]]:
    judged = []
    for normality, index in held_out:
        with torch.no_grad():
            judged.append(_figures(*normality.judge(support[index : index + 1], size=framing.size)))
    return judged


def _figures(scores: Tensor, maps: Tensor) -> tuple[float, float]:
    return float(scores[0]), float(maps.max())


def _own_framing(image: Image, *, method: Method) -> Framing:
    height, width = image.pixels.shape[:2]
    size = (1, 1) if method.square else (height, width)
    return choose_framing(size, image_size=method.image_size, multiple=method.multiple, tile=None)
