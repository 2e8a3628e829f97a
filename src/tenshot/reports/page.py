"""The report: one HTML file that holds all it needs and asks the network for nothing."""

from __future__ import annotations

import base64
import hashlib
import math
import os
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from importlib.resources import files
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

from tenshot.reports.folder import MARK
from tenshot.reports.histogram import histogram
from tenshot.reports.overlay import SATURATED, heat

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tenshot.reports.histogram import Histogram
    from tenshot.reports.pictures import Pictures
    from tenshot.reports.rows import Failed, Inspected
    from tenshot.reports.summary import TaskSummary

__all__ = ["Report", "render"]

_TEMPLATES = "templates"
_SCRIPT = "report.js"
_STYLE = "report.css"
_LARGE = 10_000
_SMALL = 0.001


@dataclass(frozen=True)
class Report:
    """Everything a report shows.

    Attributes:
        task: the task that judged.
        inspected: judged images in the order in which they were judged.
        failed: images that could not be judged.
        pictures: pictures by index into ``inspected``; images without are listed by name.
        interrupted: whether the run ended before its last image.
        written: when the report was made.
    """

    task: TaskSummary
    inspected: Sequence[Inspected]
    failed: Sequence[Failed] = ()
    pictures: Mapping[int, Pictures] = field(default_factory=dict)
    interrupted: bool = False
    written: datetime = field(default_factory=lambda: datetime.now().astimezone())

    @cached_property
    def cards(self) -> list[tuple[Inspected, Pictures | None]]:
        """Judged images with their pictures, worst first; equal scores in the order they came."""
        order = sorted(range(len(self.inspected)), key=lambda index: -self.inspected[index].score)
        return [(self.inspected[index], self.pictures.get(index)) for index in order]

    @property
    def flagged(self) -> int:
        """How many images are anomalous."""
        return sum(row.is_anomalous for row in self.inspected)

    @property
    def expected_by_chance(self) -> str:
        """How many images would be flagged at the wanted rate if all of them were good, in words."""
        expected = self.task.false_alarm_rate * len(self.inspected)
        return f"about {round(expected)}" if expected >= 1 else "fewer than one"

    @property
    def has_threshold(self) -> bool:
        """Whether the normal photos allow a threshold at all."""
        return math.isfinite(self.task.threshold)

    @property
    def histogram(self) -> Histogram | None:
        """Bars of the scores."""
        scores = [row.score for row in self.inspected]
        return histogram(self.task.normal_scores, scores, threshold=self.task.threshold)

    @cached_property
    def root(self) -> str:
        """The folder that all judged images come from; empty where there is none."""
        parents = {str(PurePath(row.path).parent) for row in self.inspected}
        try:
            root = os.path.commonpath(parents) if parents else ""
        except ValueError:  # relative and absolute paths together
            return ""
        return "" if root in (".", os.sep) else root

    def place(self, path: str) -> tuple[str, str]:
        """Folder below `root`, empty for `root` itself, and file name of a judged image."""
        pure = PurePath(path)
        folder = str(pure.parent.relative_to(self.root)) if self.root else str(pure.parent)
        return "" if folder == "." else folder, pure.name or path

    @property
    def normals(self) -> list[tuple[str, float | None]]:
        """Normal photos with their leave-one-out scores, highest first."""
        if not self.task.normal_scores:
            return [(name, None) for name in self.task.normal_names]
        pairs = sorted(zip(self.task.normal_scores, self.task.normal_names, strict=True), reverse=True)
        return [(name, score) for score, name in pairs]


def render(report: Report) -> Iterator[bytes]:
    """The page in pieces, as UTF-8; every string in it is escaped.

    The page forbids itself the network, and every script but its own, by a content security policy.
    """
    # Imported here, as nothing but the last step of a run needs it.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(__package__, _TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=_number, percent=_percent, chance=_chance, multiple=_multiple, peak=_peak)
    script, style = (files(__package__).joinpath(_TEMPLATES, name).read_text("utf-8") for name in (_SCRIPT, _STYLE))
    pieces = environment.get_template("report.html.j2").generate(
        report=report,
        task=report.task,
        mark=MARK,
        script=script,
        script_hash=_source_hash(script),
        style=style,
        style_hash=_source_hash(style),
        legend=_legend(),
    )
    # Names that are no Unicode, which Linux allows, must not keep a report from being written.
    return (piece.encode("utf-8", errors="backslashreplace") for piece in pieces)


def _number(value: float) -> str:
    """Four digits, so that numbers under each other have the same length."""
    if not math.isfinite(value):
        return "unbounded"
    return f"{value:#.4g}" if abs(value) < _LARGE else f"{value:,.0f}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _chance(p_value: float) -> str:
    return f"{p_value:.3f}" if p_value >= _SMALL else f"< {_SMALL}"


def _multiple(row: Inspected) -> str:
    """Score in units of the threshold; empty where that means nothing."""
    usable = row.threshold > 0 and math.isfinite(row.threshold)
    return f"{row.score / row.threshold:.2f}" if usable else ""


def _peak(row: Inspected) -> str:
    usable = row.map_threshold > 0 and math.isfinite(row.map_threshold)
    return f"{row.map_max / row.map_threshold:.2f} on the scale" if usable else f"{row.map_max:.4g}"


def _source_hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _legend() -> list[tuple[float, str, float]]:
    """Stops of the colour scale: offset in per cent, colour, opacity in [0, 1]."""
    ratios = np.linspace(0, SATURATED, 25, dtype=np.float32)
    colours = heat(ratios).tolist()
    return [
        (round(100 * float(ratio) / SATURATED, 2), f"rgb({red},{green},{blue})", round(alpha / 255, 3))
        for ratio, (red, green, blue, alpha) in zip(ratios, colours, strict=True)
    ]
