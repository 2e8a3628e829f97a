from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tenshot.core.config import validated
from tenshot.core.errors import InputError
from tenshot.training.settings import LangevinSettings, TrainingConfig

TASKS = [{"folder": "x"}]


def test_a_folder_of_tasks_is_enough_and_gives_the_papers_coder() -> None:
    config = validated(TrainingConfig, {"tasks": TASKS})
    assert (config.coding.method, config.coding.shrinkage, config.coding.iterations) == ("full", "sigshrink", 8)
    assert (config.episode.image_size, config.langevin.steps, config.losses.eta0, config.losses.eta1) == (
        128,
        5,
        1,
        0.25,
    )
    assert config.negatives.patches.area == (0.0025, 0.025)
    assert (config.negatives.style, config.negatives.flaws) == ("patches", 0)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"tasks": []}, "tasks"),
        ({"episode": {"image_size": 100}}, "image_size: expected a multiple of 16 above it"),
        ({"episode": {"image_size": 32}, "network": {"strides": (1, 2, 2, 2)}}, "multiple of 32 above it.* got 32"),
        ({"network": {"layers": []}}, "layers: expected at least one of 0 to 4"),
        ({"network": {"layers": (2, 1)}}, "layers: expected at least one of 0 to 4, each once and in order"),
        ({"network": {"layers": (5,)}}, "network.layers.0"),
        ({"network": {"strides": (1, 2, 3, 1)}}, "network.strides.2"),
        ({"coding": {"method": "local"}}, "coding.method: expected full or nearest"),
        ({"losses": {"eta0": 0, "eta1": 0}}, "losses: expected a reconstruction with eta0 > 0"),
        ({"losses": {"reconstruction": "none", "eta1": 0}}, "losses: expected"),
        ({"losses": {"reconstruction": "mse"}, "langevin": {"steps": 0}}, "langevin.steps: expected at least 1"),
        (
            {"losses": {"reconstruction": "normalised"}, "langevin": {"curriculum": [(5, 0)]}},
            "langevin.steps: expected at least 1 for losses.reconstruction=normalised",
        ),
        ({"langevin": {"curriculum": [(5, 1), (5, 2)]}}, r"curriculum: expected .* rising steps, got steps \[5, 5\]"),
        ({"langevin": {"step_size": 0}}, "langevin.step_size"),
        ({"negatives": {"style": "rust"}}, "negatives.style"),
        ({"negatives": {"flaws": 1.5}}, "negatives.flaws"),
        ({"negatives": {"damage": {"area": (0.2, 0.1)}}}, "negatives.damage.area"),
        ({"langvin": {}}, "langvin"),
        ({"lesson": "epochs"}, "lesson"),
    ],
)
def test_what_cannot_be_trained_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        validated(TrainingConfig, {"tasks": TASKS, **values})


def test_without_a_walk_the_other_losses_have_their_gradient() -> None:
    for losses in ({"reconstruction": "direction"}, {"reconstruction": "mse", "eta0": 0}):
        validated(TrainingConfig, {"tasks": TASKS, "losses": losses, "langevin": {"steps": 0}})


def test_a_curriculum_holds_from_its_steps_on() -> None:
    langevin = LangevinSettings(steps=1, curriculum=((10, 3), (20, 5)))
    assert [langevin.steps_at(step) for step in (0, 9, 10, 19, 20, 999)] == [1, 1, 3, 3, 5, 5]
    assert langevin.least_steps == 1
    assert LangevinSettings().steps_at(0) == 5


def test_strides_of_tapped_layers_follow_from_those_of_the_stages() -> None:
    config = validated(TrainingConfig, {"tasks": TASKS, "network": {"layers": (0, 1, 4)}})
    assert config.network.layer_strides == (4, 8, 16)
    assert config.network.channels == (32, 64, 256)
    assert config.network.multiple == 16


def test_the_digest_tells_trainings_apart_and_survives_being_written_down() -> None:
    config = TrainingConfig.model_validate({"tasks": TASKS, "network": {"start": Path("a/b")}})
    assert TrainingConfig.model_validate(config.model_dump(mode="json")).digest == config.digest
    assert TrainingConfig.model_validate({"tasks": TASKS}).digest != config.digest
