"""Tiny trainings, cells as they would leave them, and files of weights that nobody trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch

from tenshot.evaluation.meta_training.setting import configured, parse_source
from tenshot.evaluation.meta_training.variants import VARIANTS
from tenshot.features.design import Design
from tenshot.features.resnet10 import ResNet10
from tenshot.training.files import write_tensors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tenshot.evaluation.ledger import Cell
    from tenshot.training.settings import TrainingConfig

SIDE = 32
SMALL = (
    f"episode.image_size={SIDE}",
    "episode.shots=2",
    "episode.queries=2",
    "validating.episodes=2",
    "validating.steps=1",
    "langevin.steps=1",
    "tasks.0.limit=3",
)


@pytest.fixture(scope="session")
def small() -> tuple[str, ...]:
    """Changes that make any training of products tiny."""
    return SMALL


@pytest.fixture
def tiny() -> Callable[..., TrainingConfig]:
    """Makes configurations of two steps on a processor, changed as ``NAME=VALUE``."""

    def build(*changes: str) -> TrainingConfig:
        run = {"steps": 2, "accelerator": "cpu", "processes": 1, "log_every": 1, "check_every": 1, "pictures_every": 0}
        usual = {"run": {**run, "episodes_per_step": 1}, "validating": {"every": 2}}
        watch = [parse_source("products", held_out=True)]
        return configured([parse_source("products")], watch, usual=usual, changes=(*SMALL, *changes))

    return build


@pytest.fixture
def cell() -> Callable[..., Cell]:
    """Makes records of a training of three rows and two looks."""

    def build(variant: str, seed: int = 0, **entries: Any) -> Cell:
        changes = next(each.changes for each in VARIANTS if each.name == variant)
        return {
            "variant": variant,
            "changes": list(changes),
            "seed": seed,
            "stopped": None,
            "cpu_seconds": 0.5,
            "rows": {"step": [1, 2, 3], "loss": [3.0, 2.0, 1.0], "cosine": [0.0, 0.25, 0.5]},
            "looks": {
                "after": [0, 2],
                "valid_remaining": [1.0, 0.5],
                "valid_auroc_gradient": [0.5, 0.75],
                "valid_auroc_residual": [None, 0.625],
                "valid_corrupted": [2.0, 3.0],
                "valid_positive": [1.0, 1.0],
            },
            **entries,
        }

    return build


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as a training writes it, of the random start of seed 3 that one convolution has been moved away from."""
    design = Design(strides=(1, 2, 2, 1), image_size=SIDE, seed=3)
    with torch.random.fork_rng(devices=[]):
        tensors = dict(ResNet10(strides=design.strides, seed=design.seed).state_dict())
    name = next(name for name, tensor in tensors.items() if tensor.ndim == 4)
    moved = torch.randn(tensors[name].shape, generator=torch.Generator().manual_seed(0))
    tensors[name] = tensors[name] + 0.1 * moved
    file = tmp_path_factory.mktemp("weights") / "moved.safetensors"
    write_tensors(file, tensors, design.facts(recipe="none"))
    return file
