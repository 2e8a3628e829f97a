from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import save_file

from tenshot.core.errors import ExtractorError, InputError, MissingError
from tenshot.training.episodic import EpisodicLesson
from tenshot.training.lessons import build_lesson

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tenshot.training.settings import TrainingConfig

    Configure = Callable[..., TrainingConfig]


def test_paths_are_relative_to_the_configuration(configure: Configure, textures: Path) -> None:
    here = {"tasks": [{"folder": "t0/..", "only": ["t0"]}], "validation": [{"folder": ".", "only": ["t1"]}]}
    lesson = build_lesson(configure(**here), textures)
    assert isinstance(lesson, EpisodicLesson)
    assert [task.name for task in lesson.sampler.tasks.tasks] == ["t0"]
    with pytest.raises(MissingError, match="there is none at"):
        build_lesson(configure(**here), textures / "nowhere")


def test_the_start_is_read_beside_the_configuration(configure: Configure, tmp_path: Path) -> None:
    given = build_lesson(configure(network={"seed": 4}), tmp_path)
    save_file(given.weights()[0], tmp_path / "start.safetensors")
    begun = build_lesson(configure(network={"start": "start.safetensors"}), tmp_path)
    assert all(torch.equal(given.weights()[0][name], tensor) for name, tensor in begun.weights()[0].items())
    save_file({"x": torch.zeros(1)}, tmp_path / "start.safetensors")
    with pytest.raises(ExtractorError, match=r"network\.start"):
        build_lesson(configure(network={"start": "start.safetensors"}), tmp_path)


def test_tasks_too_small_for_the_episodes_are_refused_before_training(configure: Configure, textures: Path) -> None:
    with pytest.raises(InputError, match="task t0: expected at least 7 images"):
        build_lesson(configure(episode={"shots": 3, "queries": 4, "image_size": 64}), textures)
