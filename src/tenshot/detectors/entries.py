"""How a detector introduces itself: what it is called, what it needs, how it is built."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

    from tenshot.core.config import ExtractorConfig
    from tenshot.detectors.contract import AnomalyDetector
    from tenshot.features import Extractor

    Weights = dict[str, Tensor]

__all__ = ["Entry", "Materials"]


@dataclass(frozen=True)
class Materials:
    """What a detector is built from.

    Attributes:
        extractors: gives the extractor of a configuration; callers may share one among many detectors.
        extractor: name of the extractor to use instead of the detector's own; ``None`` for its own.
        weights_file: a local safetensors file with that extractor's weights; ``None`` for its own source.
        changes: other settings than the detector's own, by section and name, as in ``DetectorConfig``.
        seed: of everything random: initial weights, order of training.
        trained: what ``Entry.train`` gave; ``None`` for the untrained control.
    """

    extractors: Callable[[ExtractorConfig], Extractor]
    extractor: str | None = None
    weights_file: str | None = None
    changes: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    seed: int = 0
    trained: Weights | None = None


@dataclass(frozen=True)
class Entry:
    """A detector in the list of all.

    Attributes:
        name: as in commands and tables.
        title: what it is, in one line.
        kind: what it learns from: ``shots``, K normal images; ``all``, all normal images of the product, for which it
            trains a network (an upper bound); ``tasks``, other products first, by ``train``, then K normal images.
        build: makes it.
        train: for ``tasks``: learns from other products, each a ``(N, 3, side, side)`` float32 stack of normal frames
            in [0, 1], with a seed; returns weights to build with. ``None`` for the other kinds.
        side: for ``tasks``: of those frames, in pixels.
        facts: for ``tasks``: the metadata of a file that those weights are kept in.
    """

    name: str
    title: str
    kind: Literal["shots", "all", "tasks"]
    build: Callable[[Materials], AnomalyDetector]
    train: Callable[[Sequence[Tensor], int], Weights] | None = None
    side: int | None = None
    facts: Mapping[str, str] = field(default_factory=dict, hash=False)
