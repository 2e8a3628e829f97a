"""Everything that decides a training, as frozen settings that are valid by construction.

Each says what the paper has (Section 4.1 and appendix A.1 of Algorithm 1's recipe) and, where ours differs, why.
"""

from __future__ import annotations

import hashlib
import math
from pathlib import Path  # noqa: TC003 - pydantic resolves annotations at run time
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tenshot.core.config import Augmentation, CodingConfig, Settings
from tenshot.features.resnet10 import HEAD, WIDTHS
from tenshot.losses import ContrastForm  # noqa: TC001 - pydantic resolves annotations at run time
from tenshot.negatives import DamageSettings, PatchSettings
from tenshot.training.lesson_settings import AdapterSettings, DistilSettings, RealSettings
from tenshot.training.run_settings import OptimiserSettings, RunSettings
from tenshot.training.task_source import TaskSource  # noqa: TC001 - as above

__all__ = [
    "EpisodeSettings",
    "LangevinSettings",
    "LossSettings",
    "NegativeSettings",
    "NetworkSettings",
    "TrainingConfig",
    "ValidationSettings",
]

Count = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=0)]
STEM_STRIDE = 4


class EpisodeSettings(Settings):
    """What an episode shows of its task.

    Attributes:
        shots: K normal frames to adapt with. The paper varies it in use and trains with about ten; five cost half.
        queries: M normal frames to be judged. The paper: 10; five cost half.
        image_size: side of the square frames in pixels. The paper: 128.
        augmentation: views of which one is drawn for the whole episode, support and query alike, so that a turned task
            is one more task: ``flips`` (2), ``rotations`` by 90° (4), ``all`` (8). The appendix says none in training,
            Section 4.1 that the support is flipped and turned; it multiplies the tasks at no cost.
    """

    shots: Count = 5
    queries: Count = 5
    image_size: Annotated[int, Field(ge=32, le=1024)] = 128
    augmentation: Augmentation = "all"


class NegativeSettings(Settings):
    """Where the sampling of negatives starts.

    Attributes:
        start: ``inpainting``: a query with patches over it, as the paper; ``noise``: uniform noise, the classical and
            costly way that the paper compares with (Fig. E).
        style: what is put over a query: ``patches``, as the paper; ``damage``, which looks like damage; ``both``: each
            picture draws one of the two.
        patches: of the paper (appendix A.4).
        damage: the other.
        flaws: share of queries of synthetic products that get a structural flaw instead, a part that is missing, out of
            place, too large or of another colour; one that does not show gives way to the style.
    """

    start: Literal["inpainting", "noise"] = "inpainting"
    style: Literal["patches", "damage", "both"] = "patches"
    patches: PatchSettings = PatchSettings()
    damage: DamageSettings = DamageSettings()
    flaws: Annotated[float, Field(ge=0, le=1)] = 0.0


class LangevinSettings(Settings):
    """The sampler of negatives, Eq. 4.

    Attributes:
        steps: J. The paper: 5. 0 takes the corrupted query itself as the negative.
        step_size: β. The paper: 1.0 on pixels in [-1, 1], of an energy whose scale it does not give; with
            ``normalise``, how far a pixel moves in a step, as root mean square over the picture: five of 0.005 are as
            far as the usual patches have moved it.
        noise: standard deviation of a step's noise. The paper's, read literally, is 1 and would erase the picture;
            0.005 on pixels in [-1, 1] is what energy-based models are trained with, which is this on [0, 1].
        normalise: divide the gradient of each picture by its root mean square: the energy's scale, which training
            changes, then does not change the step.
        differentiate_negatives: whether the contrast is differentiated through the sampler too. Off: the sampler would
            learn to end where energies are high, against L_rec; its texts leave it open.
        curriculum: pairs (from step, J), rising: J grows while the energy takes shape. Before the first, ``steps``
            holds.
    """

    steps: Annotated[int, Field(ge=0, le=200)] = 5
    step_size: Annotated[float, Field(gt=0)] = 0.005
    noise: Annotated[float, Field(ge=0)] = 0.0025
    normalise: bool = True
    differentiate_negatives: bool = False
    curriculum: tuple[tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0, le=200)]], ...] = ()

    @model_validator(mode="after")
    def _rising(self) -> Self:
        starts = [start for start, _ in self.curriculum]
        if sorted(set(starts)) != starts:
            msg = f"curriculum: expected pairs (from step, J) with rising steps, got steps {starts}"
            raise ValueError(msg)
        return self

    @property
    def least_steps(self) -> int:
        """The smallest J of all steps."""
        return min([self.steps, *(count for _, count in self.curriculum)])

    def steps_at(self, step: int) -> int:
        """J at a step of the optimiser, counted from 0."""
        return next((count for start, count in reversed(self.curriculum) if start <= step), self.steps)


class LossSettings(Settings):
    """What is lowered: Eq. 12 and the variants that keep it from collapsing.

    Energies are taken per position, so that no weight depends on the size of the map.

    Attributes:
        reconstruction: ``mse``: Eq. 11, as the paper; ``normalised``: divided by MSE(q̂, q), the share of the
            corruption that remains; ``direction``: 1 - cos(∇E(q̂), q̂ - q), free of any scale and without a sampler, the
            default since ``mse`` is lowered at once by an energy that vanishes; ``none``.
        eta0: its weight. The paper: 1.0.
        contrast: ``difference``: Eq. 10, as the paper; ``softplus`` and ``hinge`` of a margin, which let go of
            energies that differ enough, where the difference pulls without an end.
        eta1: its weight. The paper: 0.25.
        margin: that negatives are to lie above positives; with ``log``, of the logarithms.
        log: contrast logarithms of energies: a ratio, which no shrinking of all energies changes.
        positions: weight of ranking corrupted positions of a query above its clean ones by the same margin. The paper
            has none.
        energy_penalty: weight of the squared energies (Du and Mordatch, 2019), against energies that explode. The paper
            has none.
        anchor: weight of the mean squared distance of features to those of the starting network, against forgetting
            what it could do. The paper has none.
    """

    reconstruction: Literal["mse", "normalised", "direction", "none"] = "direction"
    eta0: Weight = 1.0
    contrast: ContrastForm = "softplus"
    eta1: Weight = 0.25
    margin: Annotated[float, Field(ge=0)] = 1.0
    log: bool = True
    positions: Weight = 0.0
    energy_penalty: Weight = 0.0
    anchor: Weight = 0.0

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.eta1 or self.positions or (self.eta0 and self.reconstruction != "none")):
            msg = "losses: expected a reconstruction with eta0 > 0, or eta1 > 0, or positions > 0, got none of them"
            raise ValueError(msg)
        return self


class NetworkSettings(Settings):
    """The ResNet-10 that is trained.

    Attributes:
        strides: of the four stages. The paper's (1, 2, 2, 2) leave 4x4 positions of a frame of 128 px, too few to say
            where; without the last stride there are 8x8.
        layers: tapped, 0 to 3 the stages and 4 the head. The paper: the head.
        start: safetensors file of the weights to begin with, beside the configuration or absolute; ``None`` for the
            random start of the seed.
        neighbourhood: odd side of the window over which joined features are averaged, in training as in use. The paper
            has none.
        image_size: side in pixels that the network is used at afterwards; ``None`` for that of the frames.
        seed: of the random start.
        spectral_norm: divide the weights of every convolution by their largest singular value.
    """

    strides: tuple[Literal[1, 2], Literal[1, 2], Literal[1, 2], Literal[1, 2]] = (1, 2, 2, 1)
    layers: tuple[Annotated[int, Field(ge=0, le=HEAD)], ...] = (HEAD,)
    start: Path | None = None
    neighbourhood: Literal[1, 3, 5, 7, 9] = 1
    image_size: Annotated[int, Field(ge=32, le=4096)] | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    spectral_norm: bool = False

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if not self.layers or sorted(set(self.layers)) != list(self.layers):
            msg = f"layers: expected at least one of 0 to {HEAD}, each once and in order, got {self.layers}"
            raise ValueError(msg)
        return self

    @property
    def multiple(self) -> int:
        """Sides of frames are multiples of it, and longer."""
        return STEM_STRIDE * math.prod(self.strides)

    @property
    def layer_strides(self) -> tuple[int, ...]:
        """Input pixels per position of each tapped layer."""
        reach = [STEM_STRIDE * math.prod(self.strides[: stage + 1]) for stage in range(HEAD)]
        return tuple((*reach, reach[-1])[layer] for layer in self.layers)

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels of each tapped layer."""
        return tuple((*WIDTHS, WIDTHS[-1])[layer] for layer in self.layers)


class ValidationSettings(Settings):
    """How the training is watched on tasks that it never learns from.

    Attributes:
        every: steps between two looks, the first before any step; a look costs about as much as its episodes.
        episodes: of a look, always the same ones.
        steps: J of a look, whatever the training's.
        smoothing: standard deviation of the maps' Gaussian smoothing, in pixels.
        pictures: queries drawn in a panel.
    """

    every: Count = 200
    episodes: Count = 8
    steps: Annotated[int, Field(ge=1, le=200)] = 5
    smoothing: Annotated[float, Field(ge=0)] = 2.0
    pictures: Annotated[int, Field(ge=1, le=16)] = 4


class TrainingConfig(Settings):
    """Everything that decides a training.

    Attributes:
        lesson: what is learned: ``episodes``, Algorithm 1; ``distil``, what a pretrained extractor sees; ``adapter``, a
            light adapter on a pretrained extractor.
        seed: of everything random except the network's start.
        tasks: what is learned from.
        validation: tasks that are only watched; none of them may be learned from.
        validating: how they are watched.
        episode: what an episode shows of a task.
        negatives: where negatives come from.
        langevin: how they are sampled.
        losses: what is lowered.
        network: what is trained.
        distil: of that lesson.
        adapter: of that lesson.
        real_validation: real defects that the best weights are chosen by.
        coding: how features are explained; the paper's: ISTC over the whole dictionary with sigmoid shrinkage.
        optimiser: how weights move.
        run: how long, and what is written down.
        memory: decoded pictures that are kept, in MiB, of the tasks that are learned from and of those watched each.
    """

    lesson: Literal["episodes", "distil", "adapter"] = "episodes"
    seed: Annotated[int, Field(ge=0)] = 0
    tasks: Annotated[tuple[TaskSource, ...], Field(min_length=1)]
    validation: tuple[TaskSource, ...] = ()
    validating: ValidationSettings = ValidationSettings()
    episode: EpisodeSettings = EpisodeSettings()
    negatives: NegativeSettings = NegativeSettings()
    langevin: LangevinSettings = LangevinSettings()
    losses: LossSettings = LossSettings()
    network: NetworkSettings = NetworkSettings()
    distil: DistilSettings = DistilSettings()
    adapter: AdapterSettings = AdapterSettings()
    real_validation: RealSettings = RealSettings()
    coding: CodingConfig = CodingConfig(method="full", shrinkage="sigshrink")
    optimiser: OptimiserSettings = OptimiserSettings()
    run: RunSettings = RunSettings()
    memory: Count = 512

    @model_validator(mode="after")
    def _frames_fit(self) -> Self:
        # An adapter's frames are as large as its extractor wants them.
        seen = {"episodes": ("image_size", self.episode.image_size), "distil": ("distil.size", self.distil.size)}
        if self.lesson in seen:
            name, side = seen[self.lesson]
            multiple = self.network.multiple
            if side % multiple or side <= multiple:
                msg = f"{name}: expected a multiple of {multiple} above it, as the network's strides ask, got {side}"
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _has_a_gradient(self) -> Self:
        if self.lesson != "episodes":
            return self
        walks = {"mse", "normalised"} & {self.losses.reconstruction}
        if walks and self.losses.eta0 and not self.langevin.least_steps:
            msg = f"langevin.steps: expected at least 1 for losses.reconstruction={self.losses.reconstruction}, got 0"
            raise ValueError(msg)
        if self.coding.method not in {"full", "nearest"}:
            msg = f"coding.method: expected full or nearest, which training can differentiate, got {self.coding.method}"
            raise ValueError(msg)
        return self

    @property
    def digest(self) -> str:
        """SHA-256 over what differs from the defaults, in hexadecimal; a new setting leaves it as it was."""
        return hashlib.sha256(self.model_dump_json(exclude_defaults=True).encode()).hexdigest()
