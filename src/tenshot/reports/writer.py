"""The results of a run, written as they come."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tenshot.core.errors import OutputError
from tenshot.reports.folder import (
    ERRORS,
    HEAT_MAPS,
    REPORT,
    SCORES,
    SCORES_JSON,
    RowFile,
    clear_output,
    replace_file,
)
from tenshot.reports.names import UniqueNames
from tenshot.reports.page import Report, render
from tenshot.reports.pictures import Gallery, embedded_pictures, overlay_file
from tenshot.reports.rows import ERRORS_HEADER, SCORES_HEADER, Failed, Inspected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from tenshot.core.types import Image, Prediction
    from tenshot.reports.summary import TaskSummary

__all__ = ["ResultsWriter"]

MOST_PICTURES = 1000
"""Images shown with pictures in a report, the worst ones; the others are listed by name."""


class ResultsWriter:
    """Writes tables, overlays and the report of a run into a folder; use it in a ``with`` statement.

    The folder gets

    - ``scores.csv``: path, score, threshold, p_value, is_anomalous; one row per judged image,
    - ``scores.jsonl``: the same, with map_max, map_threshold and the file of the heat map,
    - ``errors.csv``: path, error; only if an image could not be judged,
    - ``heatmaps/``: every image beside its heat map,
    - ``report.html``: everything to look at, in one file.

    Results of an earlier run in the same folder are removed on entering; files of anybody else are left alone. Tables
    are valid after every row, so whatever ends a run, what was finished is kept. On leaving, the report is written if
    `finish` was not called, also when an exception ends the run. Not for several threads.

    Raises:
        OutputError: on entering, if the folder cannot be used; later, if something cannot be written.
    """

    def __init__(self, out: Path, *, task: TaskSummary, overlays: bool = True) -> None:
        """Touches nothing yet.

        Args:
            out: the folder of results; created on entering.
            task: the task that judges, for the report.
            overlays: whether to write ``heatmaps/``; the report shows heat maps in any case.
        """
        self._out = Path(out)
        self._task = task
        self._overlays = overlays
        self._open = ExitStack()
        self._errors: RowFile | None = None
        self._inspected: list[Inspected] = []
        self._failed: list[Failed] = []
        self._gallery = Gallery(MOST_PICTURES)
        self._report: Path | None = None

    def __enter__(self) -> Self:
        """Claims the folder and starts its tables."""
        clear_output(self._out)
        with ExitStack() as opened:
            self._scores_json = opened.enter_context(RowFile(self._out / SCORES_JSON))
            self._scores = opened.enter_context(RowFile(self._out / SCORES, header=SCORES_HEADER))
            self._open = opened.pop_all()
        # Whatever is still in the folder of heat maps belongs to somebody else.
        self._names = UniqueNames(path.name for path in (self._out / HEAT_MAPS).glob("*"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the tables, and reports what was finished."""
        with self._open:
            if error is None:
                self.finish()
            elif not isinstance(error, OutputError) and (self._inspected or self._failed):
                # The reason the run ended matters more than a report that fails on top of it.
                with suppress(OutputError):
                    self.finish(interrupted=True)

    def add(self, image: Image, prediction: Prediction) -> None:
        """Writes what was found in an image.

        Raises:
            OutputError: something cannot be written; everything added before is kept.
        """
        with self._keeping():
            heat_map = self._written_overlay(image, prediction) if self._overlays else None
            row = Inspected.of(image, prediction, heat_map=heat_map)
            pictures = embedded_pictures(image, prediction) if self._gallery.wants(row.score) else None
            self._scores.write(row.as_csv())
            # From here on the image counts as finished.
            if pictures is not None:
                self._gallery.keep(len(self._inspected), row.score, pictures)
            self._inspected.append(row)
            self._scores_json.write(row.as_json())

    def fail(self, source: str | Path, message: str) -> None:
        """Lists an image that could not be judged.

        Args:
            source: path or name of the image.
            message: why, as one sentence.

        Raises:
            OutputError: the list cannot be written; everything added before is kept.
        """
        row = Failed(path=str(source), error=message)
        with self._keeping():
            if self._errors is None:
                self._errors = self._open.enter_context(RowFile(self._out / ERRORS, header=ERRORS_HEADER))
            self._errors.write(row.as_csv())
        self._failed.append(row)

    def finish(self, *, interrupted: bool = False) -> Path:
        """Writes the report of everything added so far, and returns its path; later calls only return it.

        Args:
            interrupted: whether the run ended before its last image; the report then says so.

        Raises:
            OutputError: the report cannot be written; the tables and overlays are kept.
        """
        if self._report is None:
            report = Report(
                task=self._task,
                inspected=self._inspected,
                failed=self._failed,
                pictures=self._gallery.pictures(),
                interrupted=interrupted,
            )
            with self._keeping():
                replace_file(self._out / REPORT, render(report))
            self._report = self._out / REPORT
        return self._report

    def _written_overlay(self, image: Image, prediction: Prediction) -> str:
        name = self._names.claim(image.name if image.path is None else str(image.path), ending=".jpg")
        replace_file(self._out / HEAT_MAPS / name, [overlay_file(image, prediction)])
        return f"{HEAT_MAPS}/{name}"

    @contextmanager
    def _keeping(self) -> Iterator[None]:
        try:
            yield
        except OutputError as error:
            msg = f"{error} The {len(self._inspected)} images finished before are kept in {self._out / SCORES}."
            raise OutputError(msg) from error
