"""Algorithm 1 as a lesson for the engine: a network that makes normal easy to explain and damage hard."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from tenshot.core.errors import TrainingError
from tenshot.training.diagnosis import diagnose
from tenshot.training.episode import EpisodeSampler
from tenshot.training.evaluating import case_at, evaluate, heat_maps, walk_at
from tenshot.training.lesson import Lesson, Outcome, averaged
from tenshot.training.network import Embedding, exported
from tenshot.training.objective import Case, corrupted_case, episode_loss
from tenshot.training.panels import panel
from tenshot.training.unseen import require_unseen
from tenshot.training.watching import Watch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from torch import Tensor, nn

    from tenshot.features.resnet10 import ResNet10
    from tenshot.training.episode import Collection
    from tenshot.training.real_validation import RealDefects
    from tenshot.training.settings import TrainingConfig
    from tenshot.training.tasks import Tasks

__all__ = ["EpisodicLesson"]

RECIPE = "episodes"


class EpisodicLesson(Lesson):
    """Episodic meta-training (Section 3.2): adapt to the support, be judged by the queries.

    Args:
        config: everything that decides the training.
        tasks: to learn from.
        network: Ψ at its start.
        validation: tasks to be watched on; ``None`` for none.
        real: real defects to choose the best weights by; ``None`` for none.

    Raises:
        InputError: for pictures to be watched on that are learned from too.
    """

    def __init__(
        self,
        config: TrainingConfig,
        *,
        tasks: Collection,
        network: ResNet10,
        validation: Tasks | None = None,
        real: RealDefects | None = None,
    ) -> None:
        super().__init__()
        require_unseen(tasks, validation)
        self.config = config
        self.sampler = EpisodeSampler(tasks, config.episode, config.seed)
        self.watched = validation and EpisodeSampler(validation, config.episode, config.seed, "validation")
        self.embedding = Embedding(network, settings=config.network, coding=config.coding)
        self.anchor: Embedding | None = None
        if config.losses.anchor:
            self.anchor = copy.deepcopy(self.embedding).requires_grad_(requires_grad=False)
        self.watch = Watch.planned(
            config,
            weights=self.weights,
            tasks=self.evaluate if validation else None,
            defects=(lambda: real.judge(self._seen)) if real else None,
        )

    def batch(self, step: int, indices: Sequence[int]) -> list[Case]:
        """One case per index; see ``Lesson.batch``."""
        return [self._case(step, index) for index in indices]

    def outcome(self, batch: Sequence[Case], step: int) -> Outcome:
        """Eq. 12 and the figures that tell whether it works; see ``Lesson.outcome``."""
        steps = self.config.langevin.steps_at(step)
        judged = [
            episode_loss(
                case,
                self.embedding,
                losses=self.config.losses,
                sampler=self.config.langevin,
                steps=steps,
                anchor=self.anchor,
            )
            for case in batch
        ]
        return self.watch.beside(averaged(judged), step)

    def trained(self) -> Iterable[nn.Parameter]:
        """The network as far as it is used."""
        return self.embedding.used()

    def check(self, step: int, history: Sequence[Mapping[str, float]]) -> None:
        """Stops a training that has collapsed; see ``diagnose``."""
        wrong = diagnose(history)
        if wrong:
            msg = f"step {step}: {wrong}"
            raise TrainingError(msg)

    def pictures(self, step: int) -> dict[str, Tensor]:  # noqa: ARG002 - the engine says when
        """The first watched episode, or of the tasks that are learned from if none are watched."""
        case = case_at(self.watched or self.sampler, self.config, 0)
        walk = walk_at(self.embedding, case, self.config)
        grid = self.embedding.grid((case.query.shape[-2], case.query.shape[-1]))
        by_gradient, _ = heat_maps(walk, grid=grid, smoothing=self.config.validating.smoothing)
        query = case.query.to(by_gradient.device)
        rows = panel(query, walk.pictures, by_gradient, rows=self.config.validating.pictures)
        kind = "unseen" if self.watched else "seen"
        return {f"{kind} task: query, corrupted, {len(walk.pictures) - 1} Langevin steps, gradient": rows}

    def weights(self) -> tuple[dict[str, Tensor], dict[str, str]]:
        """Tensors of a ``ResNet10`` and its design, for ``ResNet10Extractor``."""
        return exported(self.embedding.network, self.config, recipe=RECIPE)

    def best(self) -> tuple[dict[str, Tensor], dict[str, str]] | None:
        """The weights that tell real defects best so far; see ``Lesson.best``."""
        return self.watch.take_best()

    def evaluate(self) -> dict[str, float]:
        """Judges the network as it is on the watched tasks; empty without any. See ``evaluating.evaluate``."""
        return evaluate(self.embedding, self.watched, self.config) if self.watched else {}

    def _case(self, step: int, index: int) -> Case:
        place = (self.config.seed, step, index)
        episode = self.sampler.episode(step, index)
        return corrupted_case(episode, self.config.negatives, purpose="training", place=place)

    def _seen(self, frames: Tensor) -> Tensor:
        return self.embedding(frames.to(next(self.embedding.parameters()).device))
