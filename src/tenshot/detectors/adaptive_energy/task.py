"""Everything a task is, apart from its extractor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from tenshot.core.config import DetectorConfig
    from tenshot.detectors.adaptive_energy.shots import Shot
    from tenshot.detectors.framing import Framing

__all__ = ["Task"]


@dataclass(frozen=True, eq=False, slots=True)
class Task:
    """What a task file holds.

    Attributes:
        config: settings.
        framing: how photos become frames.
        roi: ``(1, h, w)`` float32 in [0, 1], the region of interest at any size; ``None`` for everywhere.
        false_alarm_rate: the wanted one, in (0, 1).
        shots: the normals.
        scores: leave-one-out score of every shot.
        peaks: largest value of every shot's leave-one-out map.
    """

    config: DetectorConfig
    framing: Framing
    roi: Tensor | None
    false_alarm_rate: float
    shots: tuple[Shot, ...]
    scores: tuple[float, ...]
    peaks: tuple[float, ...]
