from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tenshot.core.errors import TrainingError
from tenshot.evaluation.meta_training.desk import Training, train
from tenshot.training.episodic import EpisodicLesson

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenshot.training.settings import TrainingConfig


@pytest.fixture
def job(tiny: Callable[..., TrainingConfig]) -> Callable[..., Training]:
    def build(*changes: str) -> Training:
        return Training("base", changes, 0, tiny(*changes))

    return build


def test_a_training_gives_its_curves(job: Callable[..., Training]) -> None:
    told: list[tuple[int, int]] = []
    cell = train(job(), lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]
    assert (cell["variant"], cell["changes"], cell["seed"], cell["stopped"]) == ("base", [], 0, None)
    assert cell["rows"]["step"] == [1, 2]
    assert len(cell["rows"]["loss"]) == 2
    assert cell["looks"]["after"] == [0, 1], "before the first step and before the last"
    assert len(cell["looks"]["valid_remaining"]) == 2
    assert not {name for name in cell["rows"] if name.startswith("valid_")}
    assert cell["cpu_seconds"] > 0


def test_the_same_job_gives_the_same_curves(job: Callable[..., Training]) -> None:
    first, second = (train(job(), lambda *_: None) for _ in range(2))
    assert (first["rows"], first["looks"]) == (second["rows"], second["looks"])


def test_a_collapse_is_a_result(job: Callable[..., Training], monkeypatch: pytest.MonkeyPatch) -> None:
    def check(self: EpisodicLesson, step: int, history: object) -> None:  # noqa: ARG001 - as of any lesson
        msg = f"collapse at {step}"
        raise TrainingError(msg)

    monkeypatch.setattr(EpisodicLesson, "check", check)
    cell = train(job(), lambda *_: None)
    assert cell["stopped"] == "collapse at 1", "without a word about checkpoints that are gone"
    assert cell["rows"]["step"] == [1]


def test_a_loss_that_is_no_number_is_a_result(job: Callable[..., Training]) -> None:
    # Four steps, so that no look at unseen tasks comes before the loss does.
    cell = train(job("optimiser.learning_rate=1e30", "run.steps=4", "validating.every=4"), lambda *_: None)
    assert cell["stopped"] is not None
    assert cell["stopped"].startswith("loss: expected a number at step 2")
