from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from tenshot.core.errors import InputError, TrainingError
from tenshot.detectors.episodic_energy import RECIPE, train
from tenshot.features.resnet10 import ResNet10
from tenshot.training import episodic
from tenshot.training.engine import run
from tenshot.training.lessons import build_lesson
from tenshot.training.settings import TrainingConfig

if TYPE_CHECKING:
    from pathlib import Path

SIDE = 64


def tiny(**run: Any) -> TrainingConfig:
    """Two steps of small episodes, otherwise as it ships."""
    values = RECIPE.model_dump()
    values["episode"] |= {"shots": 1, "queries": 2, "image_size": SIDE}
    values["run"] |= {"steps": 2, **run}
    return TrainingConfig.model_validate(values)


def levels(count: int, seed: int) -> torch.Tensor:
    return torch.randint(256, (count, SIDE, SIDE, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


PHOTOS = [levels(4, 0), levels(3, 1)]
TASKS = [photos.permute(0, 3, 1, 2).float() / 255 for photos in PHOTOS]


def test_the_schedule_is_one_of_minutes_on_one_core() -> None:
    assert (RECIPE.run.steps, RECIPE.run.episodes_per_step, RECIPE.langevin.steps) == (300, 1, 1)
    assert (RECIPE.episode.shots, RECIPE.episode.queries, RECIPE.episode.image_size) == (5, 5, 128)
    assert RECIPE.run.steps % RECIPE.run.check_every == 0, "the last look for a collapse is at the end"


def test_it_trains_as_the_trainer_would_from_folders(tmp_path: Path) -> None:
    for task, photos in enumerate(PHOTOS):
        (tmp_path / "tasks" / f"{task}").mkdir(parents=True)
        for index, each in enumerate(photos):
            Image.fromarray(each.numpy()).save(tmp_path / "tasks" / f"{task}" / f"{index}.png")
    recipe = tiny()
    values = recipe.model_dump() | {"tasks": [{"folder": tmp_path / "tasks"}]}
    lesson = build_lesson(TrainingConfig.model_validate(values), tmp_path)
    file = run(lesson, settings=recipe.run, optimiser=recipe.optimiser, out=tmp_path / "out")
    found, expected = train(TASKS, 0, recipe=recipe), load_file(file)
    assert found.keys() == expected.keys()
    assert all(torch.equal(value, expected[name]) for name, value in found.items()), "to the bit"


def test_the_seed_decides_start_and_episodes() -> None:
    told: list[tuple[int, int]] = []
    first = train(TASKS, 0, recipe=tiny(), progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]
    other = train(TASKS, 1, recipe=tiny())
    for seed, weights in enumerate((first, other)):
        start = ResNet10(strides=RECIPE.network.strides, seed=seed).state_dict()
        moved = max(float((weights[name] - value).abs().max()) for name, value in start.items())
        assert 0 < moved < 1e-3, "two steps of a rate that warms up"
    assert not torch.equal(first["head.weight"], other["head.weight"])


def test_a_collapse_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(episodic, "diagnose", lambda rows: f"collapse: seen in {len(rows)} rows")
    with pytest.raises(TrainingError, match=r"^step 2: collapse: seen in 1 rows$"):
        train(TASKS, 0, recipe=tiny(log_every=2, check_every=2))


def test_tasks_that_cannot_teach_are_refused() -> None:
    for tasks in ([], [TASKS[0], TASKS[1][:1]]):
        with pytest.raises(InputError, match="tasks: expected at least one, each with at least two frames"):
            train(tasks, 0, recipe=tiny())
