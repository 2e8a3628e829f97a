from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tenshot.core.errors import InputError
from tenshot.evaluation.meta_training import curves
from tenshot.evaluation.meta_training.curves import run_curves
from tenshot.evaluation.meta_training.variants import VARIANTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tenshot.evaluation.ledger import Cell
    from tenshot.evaluation.meta_training.desk import Training


ALL = len(VARIANTS)
CODED = {"soft", "nearest"}


@pytest.fixture(autouse=True)
def _steady(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "code_digest", lambda _: "the same code all along")


@pytest.fixture
def learn(tmp_path: Path, small: tuple[str, ...]) -> Callable[..., list[str]]:
    """Runs two steps of every variant on products; gives what was told."""

    def act(*changes: str, **options: Any) -> list[str]:
        told: list[str] = []
        run_curves(
            tmp_path / "curves.md",
            train_on=["products"],
            watch=["products"],
            **{"steps": 2, "seeds": 1, "jobs": 1, **options},
            changes=(*small, *changes),
            tell=told.append,
        )
        return told

    return act


@pytest.fixture
def imagined(monkeypatch: pytest.MonkeyPatch, cell: Callable[..., Cell]) -> list[Training]:
    """The jobs that were done, by nobody: ``plain`` has collapsed."""
    done: list[Training] = []

    # Drawing takes longer than all the rest.
    monkeypatch.setattr(curves, "curve_picture", lambda _: "<svg/>")

    def run_jobs(jobs: list[Training], *, foreman: Any, **_: object) -> None:
        for job in jobs:
            done.append(job)
            for step in range(1, job.config.run.steps + 1):
                foreman.progress(job, step, job.config.run.steps)
            stopped = "collapse: all gone" if job.variant == "plain" else None
            foreman.finished(job, cell(job.variant, job.seed, stopped=stopped))

    monkeypatch.setattr(curves, "run_jobs", run_jobs)
    return done


def test_curves_are_trained_written_and_kept(learn: Callable[..., list[str]], tmp_path: Path) -> None:
    assert learn()[0] == f"{ALL} of {ALL} trainings to do, 1 at a time"
    content = json.loads((tmp_path / "curves.json").read_text())
    assert [cell["variant"] for cell in content["cells"]] == [variant.name for variant in VARIANTS]
    assert all(cell["stopped"] is None and cell["rows"]["loss"] for cell in content["cells"])
    first = [cell["looks"]["valid_remaining"][0] for cell in content["cells"] if cell["variant"] not in CODED]
    assert len(set(first)) == 1, "all variants have the same start and are watched alike"
    page, picture = (tmp_path / "curves.md").read_text(), (tmp_path / "curves.svg").read_text()
    assert page.startswith("# Learning curves\n")
    assert "(curves.svg)" in page
    assert all(f"| {variant.title} " in page for variant in VARIANTS)
    assert "Stopped by the diagnosis" not in page

    assert learn() == [f"0 of {ALL} trainings to do, 1 at a time"]
    assert (tmp_path / "curves.md").read_text() == page
    assert (tmp_path / "curves.svg").read_text() == picture


def test_only_what_is_missing_is_trained(learn: Callable[..., list[str]], imagined: list[Training]) -> None:
    learn()
    assert len(imagined) == ALL
    assert learn(seeds=2)[0] == f"{ALL} of {2 * ALL} trainings to do, 1 at a time"
    assert {(job.seed, job.config.seed, job.config.network.seed) for job in imagined[ALL:]} == {(1, 1, 1)}


def test_other_settings_begin_anew(learn: Callable[..., list[str]], imagined: list[Training]) -> None:
    learn()
    told = learn("optimiser.learning_rate=0.01")
    assert f"{ALL} trainings were made by other code or settings and are dropped" in told[0]
    assert len(imagined) == 2 * ALL


def test_a_collapsed_variant_is_named(
    learn: Callable[..., list[str]], imagined: list[Training], tmp_path: Path
) -> None:
    assert "  plain, seed 0: collapse: all gone" in learn()
    assert imagined[-1].variant == "plain"
    page = (tmp_path / "curves.md").read_text()
    assert "Stopped by the diagnosis:\n\n- losses as printed, seed 0: collapse: all gone\n" in page


@pytest.mark.usefixtures("imagined")
def test_progress_is_told_in_thirds(learn: Callable[..., list[str]]) -> None:
    told = [line for line in learn(steps=30) if line.startswith("  base")]
    assert told == ["  base, seed 0: step 10 of 30", "  base, seed 0: step 20 of 30", "  base, seed 0: done"]


def test_settings_that_cannot_be_are_one_sentence(learn: Callable[..., list[str]], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^image_size: expected a multiple of 16"):
        learn("episode.image_size=33")
    assert not list(tmp_path.iterdir())
