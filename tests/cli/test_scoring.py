from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image as Pillow

from tenshot.cli.decoding import Unreadable
from tenshot.cli.scoring import judge, score_images
from tenshot.core.errors import ImageError, InputError, OutputError
from tenshot.core.types import Image, Prediction
from tenshot.reports import TaskSummary

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TASK = TaskSummary(
    title="t", extractor="e", input_size=(4, 4), shots=1, false_alarm_rate=0.1, threshold=0.5, map_threshold=1.0
)


class MeanBrightness:
    """Stands in for a task: the brighter, the more anomalous."""

    support = ()

    def predict(self, images: list[Image]) -> list[Prediction]:
        [image] = images
        score = float(image.pixels.mean()) / 255
        if score == 1:
            message = f"{image.name} is too bright"
            raise ImageError(message)
        return [Prediction(image.name, score, 0.5, 0.1, score > 0.5, np.zeros((4, 4), np.float32), 1.0)]


ADAPTED: Any = MeanBrightness()


@pytest.fixture
def paint(tmp_path: Path) -> Callable[..., list[Path]]:
    def painted(*greys: int) -> list[Path]:
        files = [tmp_path / f"{place}.png" for place in range(len(greys))]
        for file, grey in zip(files, greys, strict=True):
            Pillow.new("L", (8, 8), grey).save(file)
        return files

    return painted


def test_photos_are_judged_in_order_and_failures_take_their_place(paint: Callable[..., list[Path]]) -> None:
    files = paint(51, 255, 204)
    first, second, third = judge(ADAPTED, files)
    assert isinstance(first, tuple)
    assert isinstance(third, tuple)
    assert [first[1].score, third[1].score] == pytest.approx([0.2, 0.8])
    assert second == Unreadable(files[1], f"{files[1]} is too bright")


def test_a_run_counts_what_it_wrote(paint: Callable[..., list[Path]], tmp_path: Path) -> None:
    run = score_images(ADAPTED, paint(51, 255, 204, 102), tmp_path / "out", task=TASK)
    assert [verdict.is_anomalous for verdict in run.verdicts] == [False, True, False]
    assert (run.flagged, len(run.unreadable), run.known, run.interrupted) == (1, 1, 0, False)
    assert run.report == tmp_path / "out" / "report.html"


def test_nothing_judged_is_an_error_that_names_the_first_reason(
    paint: Callable[..., list[Path]], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"none of the 2 images .*0.png is too bright"):
        score_images(ADAPTED, paint(255, 255), tmp_path / "out", task=TASK)


def test_results_that_cannot_be_written_are_not_a_photo_that_cannot_be_judged(
    paint: Callable[..., list[Path]], tmp_path: Path
) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(OutputError):
        score_images(ADAPTED, paint(51), tmp_path / "out", task=TASK)


def test_a_photo_of_the_task_itself_is_counted(
    paint: Callable[..., list[Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = paint(51, 204)
    [(image, _), _] = judge(ADAPTED, files)
    monkeypatch.setattr(MeanBrightness, "support", (image,))
    assert score_images(ADAPTED, files, tmp_path / "out", task=TASK).known == 1
