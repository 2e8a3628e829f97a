"""What a network does to held-out tasks, and what the same network did before it was trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch

from tenshot.core.errors import InputError
from tenshot.features.design import Design
from tenshot.features.resnet10 import ResNet10
from tenshot.features.weights import read_tensors
from tenshot.losses import reconstruction
from tenshot.training.config_file import checked
from tenshot.training.episode import EpisodeSampler
from tenshot.training.evaluating import case_at, evaluate, walk_at
from tenshot.training.network import Embedding
from tenshot.training.settings import TrainingConfig

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tenshot.training.objective import Case, Walk
    from tenshot.training.tasks import Tasks

__all__ = ["Grid", "Probed", "Subject", "probe", "read_subject", "walked"]

NOTHING = 1e-8
"""The least MSE(q̂, q) that is divided by: far below the square of one grey level."""


class Grid(NamedTuple):
    """How far corrupted queries walk.

    Attributes:
        sizes: β, as root mean square over the picture, of pixels in [0, 1].
        steps: J, rising.
    """

    sizes: tuple[float, ...]
    steps: tuple[int, ...]


class Probed(NamedTuple):
    """What a network does to the episodes of one seed.

    Attributes:
        facts: as ``tenshot.training.evaluating.evaluate`` gives them.
        remaining: MSE after a walk over that before, by β and J in the order of the grid; 1 = nothing repaired, 0 =
            all.
    """

    facts: dict[str, float]
    remaining: list[list[float]]


@dataclass(frozen=True)
class Subject:
    """A trained network and its untrained twin.

    Attributes:
        name: of the weights.
        config: how it is built and judged; of its tasks nothing is used.
        trained: pictures to features.
        untrained: the same at its random start.
    """

    name: str
    config: TrainingConfig
    trained: Embedding
    untrained: Embedding


def read_subject(name: str, file: Path, *, base: TrainingConfig) -> Subject:
    """Reads a file of weights.

    Args:
        name: it is to be called by.
        file: written by a training.
        base: how networks are judged. Strides, layers, neighbourhood and seed are the file's; the resolution is not,
            since a network may be used at another than it was trained at.

    Raises:
        MissingError: if there is no such file.
        ExtractorError: for another file.
        InputError: for one that does not hold the tensors of this network.
    """
    tensors, facts = read_tensors(file)
    design = Design.told_by(facts, file=file)
    settings = base.model_dump()
    built = ("strides", "layers", "neighbourhood", "seed")
    settings["network"] = {name: getattr(design, name) for name in built}
    config = checked(TrainingConfig, settings)
    trained, untrained = (_built(config) for _ in range(2))
    try:
        trained.network.load_state_dict(tensors)
    except RuntimeError as error:
        msg = f"{file}: expected the weights of a resnet10, got tensors that do not fit it"
        raise InputError(msg) from error
    return Subject(name, config, trained, untrained)


def probe(embedding: Embedding, tasks: Tasks, config: TrainingConfig, *, grid: Grid) -> Probed:
    """Judges a network on episodes that depend on the seed of the configuration alone.

    Args:
        embedding: of the network.
        tasks: held out.
        config: says which episodes, how many, and how they are corrupted.
        grid: the step sizes and numbers of steps.
    """
    sampler = EpisodeSampler(tasks, config.episode, config.seed, "own terms")
    facts = evaluate(embedding, sampler, config)
    cases = [case_at(sampler, config, index) for index in range(config.validating.episodes)]
    before = _total(reconstruction(case.corrupted, case.query) for case in cases)
    remaining = []
    for size in grid.sizes:
        walks = [walked(embedding, case, config, size=size, steps=max(grid.steps)).pictures for case in cases]
        left = [
            _total(reconstruction(walk[steps], case.query) for walk, case in zip(walks, cases, strict=True))
            for steps in grid.steps
        ]
        remaining.append([each / max(before, NOTHING) for each in left])
    return Probed(facts, remaining)


def walked(embedding: Embedding, case: Case, config: TrainingConfig, *, size: float, steps: int) -> Walk:
    """A walk without noise of so many steps of this size, normalised by the gradient's root mean square."""
    sampler = config.langevin.model_copy(update={"step_size": size, "normalise": True})
    looks = config.validating.model_copy(update={"steps": steps})
    return walk_at(embedding, case, config.model_copy(update={"langevin": sampler, "validating": looks}))


def _built(config: TrainingConfig) -> Embedding:
    with torch.random.fork_rng(devices=[]):
        network = ResNet10(strides=config.network.strides, seed=config.network.seed)
    embedding = Embedding(network, settings=config.network, coding=config.coding)
    return embedding.eval().requires_grad_(requires_grad=False)


def _total(parts: Iterable[torch.Tensor]) -> float:
    return float(torch.stack(list(parts)).double().sum())
