"""What decides the lessons beside Algorithm 1, and how weights are chosen by real defects."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - pydantic resolves annotations at run time
from typing import Annotated, Self

from pydantic import Field, model_validator

from tenshot.core.config import ExtractorConfig, Settings
from tenshot.features.resnet10 import HEAD

__all__ = ["LEAST_ATOMS", "AdapterSettings", "DistilSettings", "RealSettings"]

Count = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(gt=0, le=1)]

LEAST_ATOMS = 128
"""Of every shot, however many there are."""


class DistilSettings(Settings):
    """The lesson ``distil``: the network learns what a frozen, pretrained extractor makes of pictures.

    Of every task two pictures are seen, in crops; frames are as large as ``episode.image_size``, turned as
    ``episode.augmentation`` says. A step sees ``run.episodes_per_step`` lots of pictures.

    Attributes:
        teacher: the extractor that is learned from.
        pairs: pairs (stage of the network, 0 to 3; which of the teacher's tapped layers, from 0) that are matched.
        head: weight of matching the head with all tapped layers at once; 0 leaves the head as it is.
        pictures: of a lot, an even number; features are compared within a lot.
        size: side of the crops in pixels, once resized.
        crop: least and largest side of a crop, as a share of the frame's.
        damaged: share of pictures that are corrupted as ``negatives`` say, so that damage has features too. Of every
            task one picture stays whole.
        positions: of a lot whose similarities are matched.
    """

    teacher: ExtractorConfig = ExtractorConfig()
    pairs: tuple[tuple[Annotated[int, Field(ge=0, lt=HEAD)], Annotated[int, Field(ge=0)]], ...] = (
        (0, 0),
        (1, 1),
        (2, 2),
    )
    head: Weight = 0.5
    pictures: Annotated[int, Field(ge=2, multiple_of=2)] = 8
    size: Annotated[int, Field(ge=32, le=1024)] = 192
    crop: tuple[Share, Share] = (0.6, 1.0)
    damaged: Annotated[float, Field(ge=0, le=0.5)] = 0.4
    positions: Annotated[int, Field(ge=2)] = 512

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.crop[0] > self.crop[1]:
            msg = f"crop: expected the smaller share first, got {self.crop[0]}, {self.crop[1]}"
            raise ValueError(msg)
        if len(set(self.pairs)) != len(self.pairs) or not (self.pairs or self.head):
            msg = f"pairs: expected pairs that differ, at least one unless head > 0, got {self.pairs}"
            raise ValueError(msg)
        return self


class AdapterSettings(Settings):
    """The lesson ``adapter``: a light adapter on a frozen, pretrained extractor learns from the same episodes.

    Frames have the extractor's own size, and an episode's K is drawn from ``shots``: ``episode.image_size`` and
    ``episode.shots`` mean nothing here. Features are coded locally, as detectors do it, with the ``ridge`` and
    ``active_atoms`` of ``coding``.

    Attributes:
        extractor: frozen; without an adapter of its own.
        scale: learn a weight per channel.
        balance: learn a weight per tapped layer.
        rank: of a low-rank part to learn; 0 for none.
        shots: what K is drawn from, each equally likely.
        pool: episodes whose frozen features are computed once and kept in half precision, by turns in ever new order,
            each time with other shots and atoms; at 256 pixels and K = 10, M = 8 one takes 9 MB of memory. 0 for new
            episodes at every step, which costs six times as much.
        atoms: positions of the support that take part, shared evenly among the shots, at least 128 of each.
        hardest: positions of a picture that are coded with a gradient: those farthest from their nearest atoms, and of
            a corrupted one as many again from within the corruption.
        margin: by how much logarithms of corrupted pictures' scores are to lie above those of clean ones.
        temperature: of the comparison: over how much it fades out around the margin.
        positions: weight of raising corrupted positions above the hardest clean ones by the same margin.
        stay: weight of the mean square of the scales' logarithms, against moving away from the start for nothing.
    """

    extractor: ExtractorConfig = ExtractorConfig()
    scale: bool = True
    balance: bool = True
    rank: Annotated[int, Field(ge=0, le=256)] = 0
    shots: Annotated[tuple[Count, ...], Field(min_length=1)] = (1, 2, 4, 10)
    pool: Annotated[int, Field(ge=0)] = 240
    atoms: Annotated[int, Field(ge=LEAST_ATOMS)] = 1024
    hardest: Annotated[int, Field(ge=10)] = 24
    margin: Weight = 0.3
    temperature: Annotated[float, Field(gt=0)] = 0.1
    positions: Weight = 0.5
    stay: Weight = 0.0

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.scale or self.balance or self.rank):
            msg = "scale: expected something to learn: scale, balance, or a rank above 0, got none of them"
            raise ValueError(msg)
        if self.extractor.adapter not in {None, "none"}:
            msg = f"extractor: expected one without an adapter, got adapter={self.extractor.adapter}"
            raise ValueError(msg)
        return self


class RealSettings(Settings):
    """Real defects to choose the best weights by; never those that results are reported on.

    Attributes:
        folders: products in MVTec AD's layout, beside the configuration or absolute: ``train/good`` to adapt with,
            ``test/good`` and ``test/<defect>`` to be told apart. None for no such choice.
        every: steps between two looks, the first before any step.
        shots: numbers of normal pictures to adapt with.
        draws: of those pictures, over which image AUROC is averaged.
        limit: pictures of a product's test that are judged, drawn by chance but always the same ones; ``None`` for all.
    """

    folders: tuple[Path, ...] = ()
    every: Count = 200
    shots: Annotated[tuple[Count, ...], Field(min_length=1)] = (1, 10)
    draws: Count = 3
    limit: Annotated[int, Field(ge=10)] | None = None
