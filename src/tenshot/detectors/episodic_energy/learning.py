"""Algorithm 1 over products whose frames are at hand: the trainer's own lesson, on a schedule of minutes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tenshot.features.design import Design
from tenshot.training import fit
from tenshot.training.episodic import EpisodicLesson
from tenshot.training.in_memory import LessonObjective
from tenshot.training.network import build_network
from tenshot.training.run_settings import OptimiserSettings, RunSettings
from tenshot.training.settings import LangevinSettings, LossSettings, NegativeSettings, NetworkSettings, TrainingConfig
from tenshot.training.stacks import Stacks
from tenshot.training.task_source import TaskSource

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

__all__ = ["DESIGN", "RECIPE", "train"]

RECIPE = TrainingConfig(
    # Of the benchmark, which reads them and hands them over.
    tasks=(TaskSource(folder=Path("other-products")),),
    negatives=NegativeSettings(start="inpainting", style="patches"),
    langevin=LangevinSettings(steps=1),
    losses=LossSettings(reconstruction="direction", contrast="softplus", log=True, margin=1.0, eta0=1.0, eta1=0.25),
    network=NetworkSettings(strides=(1, 2, 2, 1)),
    optimiser=OptimiserSettings(learning_rate=3e-4, warmup=30, decay="cosine", final_share=0.1),
    run=RunSettings(steps=300, episodes_per_step=1, clip=1.0, log_every=10, check_every=50),
)
"""Everything that decides the training, but its products and its seed; the same settings as ``tenshot train`` has."""

DESIGN = Design(
    strides=RECIPE.network.strides, layers=RECIPE.network.layers, image_size=RECIPE.episode.image_size, seed=0
)
"""How the network is built, as its weights' file says; of the seed that benchmarks train with."""


def train(
    tasks: Sequence[Tensor],
    seed: int,
    *,
    recipe: TrainingConfig = RECIPE,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Tensor]:
    """Trains the network over products.

    Args:
        tasks: normal frames of each product, ``(N, 3, s, s)`` in [0, 1], N at least 2, s as in the recipe.
        seed: of initial weights, episodes, corruption and sampling.
        recipe: everything else that decides.
        progress: called after every step with the steps done and their total.

    Returns:
        The weights by name, for ``Materials.trained``.

    Raises:
        InputError: for no tasks, or one with fewer than two frames.
        TrainingError: for a training that collapses.
        MissingError: without Lightning.
    """
    network = recipe.network.model_copy(update={"seed": seed})
    config = recipe.model_copy(update={"seed": seed, "network": network})
    lesson = EpisodicLesson(config, tasks=Stacks(tasks), network=build_network(network, base=Path()))
    objective = LessonObjective(lesson, run=config.run, optimiser=config.optimiser)
    fit(objective, objective.batches(), steps=config.run.steps, progress=progress)
    weights, _ = lesson.weights()
    return weights
