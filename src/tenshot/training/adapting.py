"""A light adapter on a frozen, pretrained extractor, trained by episodes, as a lesson for the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from tenshot.features.adapter_file import adapter_facts
from tenshot.training.adapter_objective import Exercise, adapter_loss, exercise_of
from tenshot.training.detecting import chance_above, detector_dictionary, image_scores, residual_norms
from tenshot.training.episode import EpisodeSampler
from tenshot.training.frozen_features import FrozenEpisodes
from tenshot.training.learning_adapter import LearningAdapter
from tenshot.training.lesson import Lesson, Outcome, averaged
from tenshot.training.randomness import torch_generator
from tenshot.training.unseen import require_unseen
from tenshot.training.watching import Watch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from torch import Tensor, nn

    from tenshot.features import Extractor
    from tenshot.training.episode import Collection
    from tenshot.training.frozen_features import FrozenEpisode
    from tenshot.training.real_validation import RealDefects
    from tenshot.training.settings import EpisodeSettings, TrainingConfig
    from tenshot.training.tasks import Tasks

__all__ = ["AdapterLesson", "episode_of"]

RECIPE = "episodes"


class AdapterLesson(Lesson):
    """Which channels and layers count, learned from episodes in which damage must stand out as a detector judges it.

    Args:
        config: everything that decides the training.
        tasks: to learn from, with frames as ``episode_of`` says.
        extractor: frozen.
        validation: tasks to be watched on; ``None`` for none.
        real: real defects to choose the best weights by, which keep ``frozen_rows``; ``None`` for none.

    Raises:
        InputError: for pictures to be watched on that are learned from too.
    """

    def __init__(
        self,
        config: TrainingConfig,
        *,
        tasks: Collection,
        extractor: Extractor,
        validation: Tasks | None = None,
        real: RealDefects | None = None,
    ) -> None:
        super().__init__()
        require_unseen(tasks, validation)
        self.config = config
        self.extractor = extractor
        self.adapter = LearningAdapter(extractor.spec.channels, settings=config.adapter, seed=config.seed)
        self.coding = config.coding.model_copy(update={"method": "local", "receptive_field": 1})
        self.episodes = self._frozen(tasks, "episode", pool=config.adapter.pool)
        self.watched = None
        if validation:
            self.watched = self._frozen(validation, "validation", pool=config.validating.episodes)
        self.watch = Watch.planned(
            config,
            weights=self.weights,
            tasks=self.evaluate if validation else None,
            defects=(lambda: real.judge(self._seen)) if real else None,
        )

    def batch(self, step: int, indices: Sequence[int]) -> list[Exercise]:
        """One exercise per index; see ``Lesson.batch``. The first time round the pool, features are computed here."""
        return [self._exercise(step, index) for index in indices]

    def outcome(self, batch: Sequence[Exercise], step: int) -> Outcome:
        """The loss of ``adapter_loss``, what holds the scales back, and where they are; see ``Lesson.outcome``."""
        settings = self.config.adapter
        # Codes come from decompositions, which half precision spoils or does not have.
        with torch.autocast(self.adapter.log_scales.device.type, enabled=False):
            judged = [adapter_loss(each, self.adapter, settings=settings, coding=self.coding) for each in batch]
        stay = self.adapter.log_scales.square().mean()
        loss, means = averaged(judged)
        facts = {**means, "loss_stay": stay.detach(), "scale_std": self.adapter.log_scales.detach().std()}
        facts |= {f"balance_{layer}": weight for layer, weight in enumerate(self.adapter.plain().balance.tolist())}
        return self.watch.beside(Outcome(loss + settings.stay * stay, facts), step)

    def trained(self) -> Iterable[nn.Parameter]:
        """The parts of the adapter that are to learn."""
        return self.adapter.trained()

    def weights(self) -> tuple[dict[str, Tensor], dict[str, str]]:
        """Tensors of an ``Adapter`` and what it belongs to, for ``adapted_by``."""
        facts = adapter_facts(self.extractor.spec, recipe=RECIPE)
        return self.adapter.plain().tensors(), facts | {"config": self.config.digest}

    def best(self) -> tuple[dict[str, Tensor], dict[str, str]] | None:
        """The weights that tell real defects best so far; see ``Lesson.best``."""
        return self.watch.take_best()

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Judges corrupted pictures of the watched tasks as a detector would; empty without any.

        Returns:
            For the least and the largest K, means over episodes: ``image_auroc_<K>``, the chance that a corrupted
            picture scores above a clean one, and ``position_auroc_<K>``, that what is left of a corrupted position is
            above what is left of one of a clean picture.
        """
        if self.watched is None:
            return {}
        shots = sorted({min(self.config.adapter.shots), max(self.config.adapter.shots)})
        rows: list[dict[str, float]] = []
        for number in range(self.watched.pool):
            episode = self.watched.kept(number)
            rows.append({name: value for count in shots for name, value in self._judged(episode, count).items()})
        names = dict.fromkeys(name for row in rows for name in row)
        values = {name: [row[name] for row in rows if name in row] for name in names}
        return {name: sum(each) / len(each) for name, each in values.items()}

    def _judged(self, episode: FrozenEpisode, shots: int) -> dict[str, float]:
        dictionary = detector_dictionary(self._seen(episode.support[:shots]), coding=self.coding)
        clean, corrupted = (
            residual_norms(self._seen(each), dictionary, coding=self.coding).cpu()
            for each in (episode.query, episode.corrupted)
        )
        facts = {f"image_auroc_{shots}": float(chance_above(image_scores(corrupted), image_scores(clean)))}
        if episode.inside.any():
            facts[f"position_auroc_{shots}"] = float(chance_above(corrupted[episode.inside], clean.flatten()))
        return facts

    def _exercise(self, step: int, index: int) -> Exercise:
        run, settings = self.config.run, self.config.adapter
        episode = self.episodes.episode(step, index, per_step=run.episodes_per_step * run.accumulate)
        generator = torch_generator("exercise", self.config.seed, step, index)
        return exercise_of(episode, settings=settings, coding=self.coding, generator=generator)

    def _frozen(self, tasks: Collection, purpose: str, *, pool: int) -> FrozenEpisodes:
        shown = episode_of(self.config, self.extractor)
        sampler = EpisodeSampler(tasks, shown, self.config.seed, purpose)
        neighbourhood = self.config.adapter.extractor.neighbourhood or self.extractor.spec.neighbourhood
        return FrozenEpisodes(sampler, self.config.negatives, self.extractor, neighbourhood=neighbourhood, pool=pool)

    def _seen(self, rows: Tensor) -> Tensor:
        return self.adapter.of_pictures(rows.to(self.extractor.mean.device))


def episode_of(config: TrainingConfig, extractor: Extractor) -> EpisodeSettings:
    """What an episode shows: frames of the extractor's size, and as many shots as the largest K needs."""
    told = {"image_size": extractor.spec.image_size, "shots": max(config.adapter.shots)}
    return config.episode.model_copy(update=told)
