"""What a benchmark writes down: ``results.json``, by a schema that other tools can check (docs/benchmark.schema.json).

Everything but ``made`` and ``costs`` depends on nothing but code, settings and data: two runs agree to the byte,
however often one of them was interrupted.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from tenshot.evaluation.benchmark.cell import METRICS, PLAIN, Cell, Extreme, Record, Share

__all__ = [
    "FORMAT",
    "METRICS",
    "PLAIN",
    "Cell",
    "Cost",
    "DetectorInfo",
    "Extreme",
    "Made",
    "Protocol",
    "Results",
    "SetInfo",
]

FORMAT = 1


class Made(Record):
    """Where results come from; nothing that says whose machine it was.

    Attributes:
        command: the arguments, without folders.
        commit: of the sources, with ``+`` if they were changed; ``None`` outside a repository.
        machine: processor, cores, memory, system, Python.
        versions: of packages that decide figures.
    """

    command: str
    commit: str | None
    machine: dict[str, str | int | float]
    versions: dict[str, str | None]


class Protocol(Record):
    """What all detectors had in common.

    Attributes:
        shots: numbers of normal images.
        seeds: of the draws.
        map_size: side in pixels at which maps and masks are compared.
        false_alarm_rate: the wanted one.
        conditions: in which supports and queries were shown.
        test_images: at most so many normal and so many anomalous images were judged; ``None`` for all.
        train_apart: whether detectors that learn from other products learned from none that is judged, once for all,
            instead of from all but the judged one.
    """

    shots: tuple[int, ...]
    seeds: tuple[int, ...]
    map_size: int
    false_alarm_rate: Share
    conditions: tuple[str, ...]
    test_images: int | None = None
    train_apart: bool = False


class SetInfo(Record):
    """One product.

    Attributes:
        name: as in the cells.
        about: origin, licence and quirks, in a sentence or two; empty for a user's own folder.
        train: how many normal images support is drawn from.
        test_good: how many normal images are judged.
        test_bad: how many anomalous images are judged.
        has_masks: whether every anomalous image has a mask; without, there are no pixel metrics.
        lacks: the metrics that cannot be computed, and why; empty if none.
        digest: SHA-256 of the names, contents and roles of all images and masks.
        support: for every seed, as text, the names of the drawn normal images; K shots are the first K.
    """

    name: str
    about: str
    train: int
    test_good: int
    test_bad: int
    has_masks: bool
    lacks: str
    digest: str
    support: dict[str, tuple[str, ...]]


class DetectorInfo(Record):
    """One row of the tables.

    Attributes:
        name: as in the cells.
        title: what it is, in one line.
        kind: ``shots``: adapted to K normal images; ``all``: trained on all normal images of the product, an
            upper bound; ``tasks``: trained on the other products, then adapted to K normal images.
        settings: everything that decides what it computes, in plain types.
        code: SHA-256 of the sources that decide what it computes.
    """

    name: str
    title: str
    kind: Literal["shots", "all", "tasks"]
    settings: dict[str, Any]
    code: str


class Cost(Record):
    """What a detector costs, measured in a process of its own with nothing shared and nothing else running.

    Attributes:
        detector: name of the detector.
        set: name of the product.
        shots: K; ``None`` for all normal images.
        threads: that numerical libraries could use.
        adapt_seconds: from decoded photos to a calibrated detector; for ``all``, the training included.
        image_milliseconds: median, from a decoded photo to verdict and map.
        peak_mib: largest resident memory of the process.
        train_seconds: of the training on other products; ``None`` where there is none.
    """

    detector: str
    set: str
    shots: int | None
    threads: int
    adapt_seconds: float
    image_milliseconds: float
    peak_mib: float
    train_seconds: float | None = None


class Results(Record):
    """The whole file; lists are in the order of the request, cells by set, detector, shots, condition and seed."""

    format: Literal[1] = 1
    made: Made
    protocol: Protocol
    sets: tuple[SetInfo, ...]
    detectors: tuple[DetectorInfo, ...]
    cells: tuple[Cell, ...]
    costs: tuple[Cost, ...] = ()

    def as_text(self) -> str:
        """The file: JSON with one line per product, detector, cell and cost, so that runs compare line by line."""
        parts = []
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, tuple):
                lines = ",\n".join(f"  {record.model_dump_json()}" for record in value)
                parts.append(f' "{name}": [\n{lines}\n ]' if value else f' "{name}": []')
            else:
                text = value.model_dump_json() if isinstance(value, Record) else json.dumps(value)
                parts.append(f' "{name}": {text}')
        return "{\n" + ",\n".join(parts) + "\n}\n"
