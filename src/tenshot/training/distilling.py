"""A small network learns what a frozen, pretrained extractor sees, as a lesson for the engine.

Where the classes of a large collection are out of reach, this is a start from which episodes have something to lose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from tenshot.core.errors import InputError
from tenshot.data.frames import resized
from tenshot.energy import directions
from tenshot.features import join_maps
from tenshot.features.resnet10 import HEAD, WIDTHS
from tenshot.training.episode import EpisodeSampler
from tenshot.training.imitation import cosine_distance, drawn_positions, similarity_distance
from tenshot.training.initialising import initialise
from tenshot.training.lesson import Lesson, Outcome, averaged
from tenshot.training.network import Embedding, exported, maps_of, used_by
from tenshot.training.objective import corrupted_case
from tenshot.training.randomness import numpy_generator, torch_generator
from tenshot.training.unseen import require_unseen
from tenshot.training.watching import Watch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np

    from tenshot.features import Extractor
    from tenshot.features.resnet10 import ResNet10
    from tenshot.training.real_validation import RealDefects
    from tenshot.training.settings import TrainingConfig
    from tenshot.training.tasks import Tasks

__all__ = ["DistilLesson", "Lot"]

RECIPE = "distil"
PER_TASK = 2


class Lot(NamedTuple):
    """Pictures that are compared with one another.

    Attributes:
        pictures: ``(B, 3, s, s)`` in [0, 1].
        place: purpose, seed, step and index, from which the positions compared follow.
    """

    pictures: Tensor
    place: tuple[str, int, int, int]


class _Match(NamedTuple):
    """Maps to be matched, ``(B, c, h', w')`` on one grid, and with which weight."""

    name: str
    weight: float
    student: Tensor
    regressed: Tensor
    teacher: Tensor


class DistilLesson(Lesson):
    """Features of the network are regressed to those of the teacher, and their similarities matched.

    For every pair of maps, on one grid: the cosine distance of a 1x1 convolution's output from the teacher's map, and
    the distance between cosines of positions. The head is matched with all layers of the teacher at once, less their
    mean over the picture, which the norm at the head's end takes away.

    Args:
        config: everything that decides the training.
        tasks: to take pictures from; episodes of one and one picture must be possible.
        network: what learns, at its start.
        teacher: what is learned from.
        validation: tasks to be watched on; ``None`` for none.
        real: real defects to choose the best weights by; ``None`` for none.

    Raises:
        InputError: for maps that the teacher does not have, crops it cannot take, or pictures to be watched on that are
            learned from too.
    """

    def __init__(
        self,
        config: TrainingConfig,
        *,
        tasks: Tasks,
        network: ResNet10,
        teacher: Extractor,
        validation: Tasks | None = None,
        real: RealDefects | None = None,
    ) -> None:
        super().__init__()
        require_unseen(tasks, validation)
        _require_fit(config, teacher)
        pair = config.episode.model_copy(update={"shots": 1, "queries": 1})
        self.config = config
        self.sampler = EpisodeSampler(tasks, pair, config.seed)
        self.watched = EpisodeSampler(validation, pair, config.seed, "validation") if validation else None
        self.network = network
        self.teacher = teacher
        self.neighbourhood = config.distil.teacher.neighbourhood or teacher.spec.neighbourhood
        self.regressors = initialise(self._regressors, torch_generator("regressors", config.seed), slope=1.0)
        self.watch = Watch.planned(
            config,
            weights=self.weights,
            tasks=self.evaluate if validation else None,
            defects=(lambda: real.judge(self._seen)) if real else None,
        )

    def batch(self, step: int, indices: Sequence[int]) -> list[Lot]:
        """One lot of pictures per index; see ``Lesson.batch``."""
        return [self._lot(self.sampler, step, index) for index in indices]

    def outcome(self, batch: Sequence[Lot], step: int) -> Outcome:
        """The weighted sum of all distances, and each of them; see ``Lesson.outcome``."""
        judged = [self._judged(lot) for lot in batch]
        return self.watch.beside(averaged(judged), step)

    def trained(self) -> Iterable[nn.Parameter]:
        """The network as far as it is matched, and the regressors."""
        layers = [stage for stage, _ in self.config.distil.pairs]
        if self.config.distil.head:
            layers.append(HEAD)
        return [*used_by(self.network, layers), *self.regressors.parameters()]

    def weights(self) -> tuple[dict[str, Tensor], dict[str, str]]:
        """The network alone, for ``ResNet10Extractor``; its features are to be averaged as the teacher's."""
        return exported(self.network, self.config, recipe=RECIPE, neighbourhood=self.neighbourhood)

    def best(self) -> tuple[dict[str, Tensor], dict[str, str]] | None:
        """See ``Lesson.best``."""
        return self.watch.take_best()

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """The loss and its parts on pictures of the watched tasks, always the same ones; empty without any."""
        sampler = self.watched
        if sampler is None:
            return {}
        lots = [self._lot(sampler, 0, index) for index in range(self.config.validating.episodes)]
        judged = [self._judged(lot._replace(pictures=lot.pictures.to(self.teacher.mean.device))) for lot in lots]
        rows = [{"loss": loss, **parts} for loss, parts in judged]
        return {name: float(torch.stack([row[name] for row in rows]).mean()) for name in rows[0]}

    def _regressors(self) -> nn.ModuleDict:
        channels = self.teacher.spec.channels
        parts = {_name(stage, layer): (WIDTHS[stage], channels[layer]) for stage, layer in self.config.distil.pairs}
        if self.config.distil.head:
            parts["head"] = (WIDTHS[-1], sum(channels))
        return nn.ModuleDict({name: nn.Conv2d(mine, theirs, 1) for name, (mine, theirs) in parts.items()})

    def _lot(self, sampler: EpisodeSampler, step: int, index: int) -> Lot:
        settings = self.config.distil
        tasks = settings.pictures // PER_TASK
        random = numpy_generator(f"distil {sampler.purpose}", sampler.seed, step, index)
        pictures: list[Tensor] = []
        for number in range(index * tasks, (index + 1) * tasks):
            episode = sampler.episode(step, number)
            second = episode.query
            if random.random() < PER_TASK * settings.damaged:
                place = (sampler.seed, step, number)
                second = corrupted_case(episode, self.config.negatives, purpose=sampler.purpose, place=place).corrupted
            pictures += [
                _crop(each, random, bounds=settings.crop, size=settings.size)
                for each in (episode.support[0], second[0])
            ]
        return Lot(torch.stack(pictures), (sampler.purpose, sampler.seed, step, index))

    def _judged(self, lot: Lot) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a lot, and its parts by name, detached."""
        generator = torch_generator("distil positions " + lot.place[0], *lot.place[1:])
        parts: dict[str, tuple[float, Tensor]] = {}
        for match in self._matches(lot.pictures):
            mine, regressed, wanted = (z.float() for z in (match.student, match.regressed, match.teacher))
            positions = drawn_positions(wanted, self.config.distil.positions, generator)
            parts[f"cosine_{match.name}"] = match.weight, cosine_distance(regressed, wanted)
            parts[f"similarity_{match.name}"] = match.weight, similarity_distance(mine, wanted, positions)
        loss = torch.stack([weight * value for weight, value in parts.values()]).sum()
        return loss, {name: value.detach() for name, (_, value) in parts.items()}

    def _matches(self, pictures: Tensor) -> Iterator[_Match]:
        """Every pair of maps, and the head, on one grid each."""
        settings, spec = self.config.distil, self.teacher.spec
        with torch.no_grad():
            wanted = self.teacher(pictures)
        layers = [stage for stage, _ in settings.pairs] + [HEAD] * bool(settings.head)
        seen = maps_of(self.network, pictures, layers)
        size = (settings.size // spec.grid_stride,) * 2
        for (stage, layer), z in zip(settings.pairs, seen, strict=False):
            name = _name(stage, layer)
            maps = (z, self.regressors[name](z), wanted[layer])
            mine, regressed, theirs = (join_maps([z], size=size, neighbourhood=self.neighbourhood) for z in maps)
            yield _Match(name, 1.0, mine, regressed, theirs)
        if settings.head:
            z = seen[-1]
            whole = join_maps(wanted, size=(z.shape[-2], z.shape[-1]), neighbourhood=self.neighbourhood)
            shares = directions(whole, spec.channels)
            centred = shares - shares.mean(dim=(2, 3), keepdim=True)
            yield _Match("head", settings.head, z, self.regressors["head"](z), centred)

    def _seen(self, frames: Tensor) -> Tensor:
        """What a detector's coder sees of the network: ``(B, 3, h, w)`` in [0, 1] to ``(B, P, d)``."""
        config = self.config
        embedding = Embedding(
            self.network, settings=config.network, coding=config.coding, neighbourhood=self.neighbourhood
        )
        return embedding(frames.to(self.teacher.mean.device))


def _name(stage: int, layer: int) -> str:
    return f"{stage}_{layer}"


def _crop(picture: Tensor, random: np.random.Generator, *, bounds: tuple[float, float], size: int) -> Tensor:
    """A random square of a square picture, ``(3, h, h)`` to ``(3, size, size)``."""
    whole = picture.shape[-1]
    side = max(1, round(random.uniform(*bounds) * whole))
    top, left = (int(start) for start in random.integers(whole - side + 1, size=2))
    return resized(picture[:, top : top + side, left : left + side], (size, size))


def _require_fit(config: TrainingConfig, teacher: Extractor) -> None:
    settings, spec = config.distil, teacher.spec
    layers = len(spec.layers)
    if any(layer >= layers for _, layer in settings.pairs):
        msg = f"distil.pairs: expected layers of {spec.name} from 0 to {layers - 1}, got {settings.pairs}"
        raise InputError(msg)
    if settings.size % spec.multiple:
        msg = f"distil.size: expected a multiple of {spec.multiple} for {spec.name}, got {settings.size}"
        raise InputError(msg)
