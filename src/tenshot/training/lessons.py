"""From a configuration to the lesson that it describes."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tenshot.features import build_extractor
from tenshot.training.adapting import AdapterLesson, episode_of
from tenshot.training.distilling import DistilLesson
from tenshot.training.episodic import EpisodicLesson
from tenshot.training.frozen_features import frozen_rows
from tenshot.training.network import build_network
from tenshot.training.real_validation import RealDefects
from tenshot.training.tasks import gather_tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from tenshot.core.config import ExtractorConfig
    from tenshot.features import Extractor
    from tenshot.training.lesson import Lesson
    from tenshot.training.settings import TrainingConfig
    from tenshot.training.task_source import TaskSource
    from tenshot.training.tasks import Tasks

__all__ = ["build_lesson"]


def build_lesson(config: TrainingConfig, base: Path) -> Lesson:
    """Builds what is to be trained; pictures are listed but not read.

    Args:
        config: everything that decides the training.
        base: the folder that relative paths are relative to, which is that of the configuration's file.

    Raises:
        MissingError: a folder or a file of weights that is not there.
        InputError: tasks that make no episodes, or that are watched and learned from.
        ExtractorError: weights of another network.
    """
    builders: dict[str, Callable[[TrainingConfig, Path], Lesson]] = {
        "episodes": _episodes,
        "distil": _distil,
        "adapter": _adapter,
    }
    return builders[config.lesson](config, base)


def _episodes(config: TrainingConfig, base: Path) -> EpisodicLesson:
    return EpisodicLesson(
        config,
        tasks=_gathered(config, config.tasks, base),
        validation=_gathered(config, config.validation, base) if config.validation else None,
        network=build_network(config.network, base=base),
        real=_real(config, base),
    )


def _distil(config: TrainingConfig, base: Path) -> DistilLesson:
    pair = config.model_copy(update={"episode": config.episode.model_copy(update={"shots": 1, "queries": 1})})
    return DistilLesson(
        config,
        tasks=_gathered(pair, config.tasks, base),
        validation=_gathered(pair, config.validation, base) if config.validation else None,
        network=build_network(config.network, base=base),
        teacher=_extractor(config.distil.teacher, base),
        real=_real(config, base),
    )


def _adapter(config: TrainingConfig, base: Path) -> AdapterLesson:
    extractor = _extractor(config.adapter.extractor, base)
    shown = config.model_copy(update={"episode": episode_of(config, extractor)})
    neighbourhood = config.adapter.extractor.neighbourhood or extractor.spec.neighbourhood
    return AdapterLesson(
        config,
        tasks=_gathered(shown, config.tasks, base),
        validation=_gathered(shown, config.validation, base) if config.validation else None,
        extractor=extractor,
        real=_real(shown, base, keep=partial(frozen_rows, extractor, neighbourhood=neighbourhood)),
    )


def _real(config: TrainingConfig, base: Path, *, keep: Callable[[Tensor], Tensor] | None = None) -> RealDefects | None:
    if not config.real_validation.folders:
        return None
    size = config.network.image_size or config.episode.image_size
    return RealDefects(config.real_validation, base=base, image_size=size, coding=config.coding, keep=keep)


def _extractor(config: ExtractorConfig, base: Path) -> Extractor:
    """A frozen extractor whose files are looked for beside the configuration."""
    files = {name: base / file for name in ("weights", "adapter") if isinstance(file := getattr(config, name), Path)}
    return build_extractor(config.model_copy(update=files))


def _gathered(config: TrainingConfig, sources: Sequence[TaskSource], base: Path) -> Tasks:
    episode = config.episode
    return gather_tasks(
        sources,
        image_size=episode.image_size,
        needed=episode.shots + episode.queries,
        base=base,
        memory=config.memory,
    )
