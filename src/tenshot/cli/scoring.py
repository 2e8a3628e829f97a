"""The scoring run: photos in, verdicts written as they come, a report at the end, also when it was interrupted."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tenshot.cli.console import progress
from tenshot.cli.decoding import Unreadable, decode_ahead
from tenshot.cli.interrupting import stop_asked
from tenshot.core.errors import InputError
from tenshot.data.images import read_image
from tenshot.reports import ResultsWriter

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from tenshot.core.types import Image, Prediction
    from tenshot.detectors import Adapted
    from tenshot.reports import TaskSummary

__all__ = ["Run", "Verdict", "judge", "score_images"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One judged photo, without its pixels and map."""

    name: str
    score: float
    p_value: float
    is_anomalous: bool


@dataclass
class Run:
    """What a scoring run came to; grows while it lasts.

    Attributes:
        out: the folder of results.
        verdicts: one per judged photo, in the order of the photos.
        unreadable: photos that could not be judged, and why.
        known: how many of the photos are among the normal ones the task was adapted to.
        interrupted: whether Ctrl-C ended the run before the last photo.
        report: path of ``report.html``.
    """

    out: Path
    verdicts: list[Verdict] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    known: int = 0
    interrupted: bool = False
    report: Path | None = None

    @property
    def flagged(self) -> int:
        """How many photos were judged anomalous."""
        return sum(verdict.is_anomalous for verdict in self.verdicts)

    def add(self, prediction: Prediction) -> None:
        """Keeps the verdict of a prediction and lets go of its map."""
        self.verdicts.append(Verdict(prediction.name, prediction.score, prediction.p_value, prediction.is_anomalous))


def score_images(
    adapted: Adapted, paths: Sequence[Path], out: Path, *, task: TaskSummary, overlays: bool = True
) -> Run:
    """Scores photos into a folder of results; one that cannot be judged is listed and the rest goes on.

    The first Ctrl-C ends the run after the photo at hand, a second one at once; what was finished is kept and reported.

    Raises:
        InputError: if not one of the photos could be judged.
        OutputError: if the results cannot be written.
    """
    run = Run(out)
    support = {image.digest for image in adapted.support}
    with (
        ResultsWriter(out, task=task, overlays=overlays) as writer,
        progress("Scoring") as report,
        stop_asked() as stop,
        closing(judge(adapted, paths)) as judged,
    ):
        for done, found in enumerate(judged, start=1):
            if isinstance(found, Unreadable):
                writer.fail(found.path, found.message)
                run.unreadable.append(found)
            else:
                image, prediction = found
                writer.add(image, prediction)
                run.add(prediction)
                run.known += image.digest in support
            report(done, len(paths))
            if stop.is_set() and done < len(paths):
                run.interrupted = True
                break
        run.report = writer.finish(interrupted=run.interrupted)
    if run.unreadable and not run.verdicts and not run.interrupted:
        msg = f"none of the {len(paths)} images could be judged; the first: {run.unreadable[0].message}"
        raise InputError(msg)
    return run


def judge(adapted: Adapted, paths: Sequence[Path]) -> Generator[tuple[Image, Prediction] | Unreadable]:
    """Decodes and scores photos, in order, decoding the next ones while the network runs."""
    with closing(decode_ahead(paths, read_image)) as decoded:
        for item in decoded:
            yield item if isinstance(item, Unreadable) else _scored(adapted, item)


def _scored(adapted: Adapted, image: Image) -> tuple[Image, Prediction] | Unreadable:
    try:
        [prediction] = adapted.predict([image])
    except InputError as error:
        return Unreadable(image.path or Path(image.name), str(error))
    return image, prediction
