from __future__ import annotations

from pathlib import Path

import pytest
from safetensors import safe_open

import tenshot
from tenshot.training.config_file import checked, read_yaml
from tenshot.training.settings import TrainingConfig

RECIPES = Path(__file__).parents[2] / "recipes"
SHIPPED = Path(tenshot.__file__).parent / "features/pretrained"


@pytest.mark.parametrize("recipe", sorted(RECIPES.rglob("*.yaml")), ids=lambda path: path.stem)
def test_a_recipe_is_a_training(recipe: Path) -> None:
    checked(TrainingConfig, read_yaml(recipe))


@pytest.mark.parametrize(
    ("shipped", "recipe"),
    [
        ("tenshot_resnet10", "tenshot_resnet10/2-episodes.yaml"),
        ("efficientnet_lite0-adapter", "efficientnet_lite0-adapter.yaml"),
    ],
)
def test_shipped_weights_come_from_the_recipe_that_is_there(shipped: str, recipe: str) -> None:
    with safe_open(SHIPPED / f"{shipped}.safetensors", framework="pt") as content:
        told = content.metadata()["config"]
    assert told == checked(TrainingConfig, read_yaml(RECIPES / recipe)).digest
