"""The one scoring path: frames in, scores and maps out, in pure tensor operations.

Command line, batches, calibration, exports and services all run through this module; there is no second implementation
that could disagree with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tenshot.energy import (
    Dictionary,
    coder_inputs,
    energy,
    explain,
    gaussian_blur,
    gradient_map,
    layer_norms,
    upsample,
    worst_mean,
)
from tenshot.features import join_maps

if TYPE_CHECKING:
    from tenshot.core.config import DetectorConfig
    from tenshot.features import Extractor

HALF = 0.5

__all__ = ["ScoringPath", "covered"]


class ScoringPath(nn.Module):
    """Scores frames against a dictionary.

    Stateless apart from the dictionary: safe from several threads, and the extractor is shared, not copied.

    Args:
        extractor: Ψ.
        config: coding and scoring settings.
        dictionary: D; ``None`` to embed only (adaptation starts like that).
    """

    atoms: Tensor
    owners: Tensor
    lipschitz: Tensor
    strengths: Tensor
    projection: Tensor
    keys: Tensor

    def __init__(self, extractor: Extractor, config: DetectorConfig, dictionary: Dictionary | None = None) -> None:
        super().__init__()
        self.extractor = extractor
        self.config = config
        if dictionary is not None:
            self.register_buffer("atoms", dictionary.atoms)
            self.register_buffer("owners", dictionary.owners)
            self.register_buffer("lipschitz", dictionary.lipschitz)
            self.register_buffer("strengths", dictionary.strengths)
            self.register_buffer("projection", dictionary.projection)
            self.register_buffer("keys", dictionary.keys)

    @property
    def device(self) -> torch.device:
        """Where the extractor is; whatever comes in is brought there."""
        return self.extractor.mean.device

    def embed(self, frames: Tensor) -> Tensor:
        """Z = Ψ(x): ``(B, 3, h, w)`` frames in [0, 1] to ``(B, d, h', w')`` joined features, not yet normalised."""
        frames = frames.to(self.device)
        stride = self.extractor.spec.grid_stride
        size = (frames.shape[-2] // stride, frames.shape[-1] // stride)
        maps = self.extractor(frames)
        neighbourhood = self.config.extractor.neighbourhood or self.extractor.spec.neighbourhood
        return join_maps(maps, size=size, neighbourhood=neighbourhood)

    def frame_size(self, features: Tensor) -> tuple[int, int]:
        """``(h, w)`` of the frame that gave these features."""
        stride = self.extractor.spec.grid_stride
        return features.shape[-2] * stride, features.shape[-1] * stride

    def atoms_of(self, features: Tensor) -> Tensor:
        """What the coder sees: ``(B, d, h', w')`` features to ``(B, P, d · l²)`` directions of volumes."""
        spec = self.extractor.spec
        return coder_inputs(features, spec.channels, coding=self.config.coding, balance=spec.balance)

    def forward(
        self, frames: Tensor, *, roi: Tensor | None = None, exclude: int | None = None
    ) -> tuple[Tensor, Tensor]:
        """Judges frames.

        Args:
            frames: ``(B, 3, h, w)`` in [0, 1].
            roi: ``(B, h, w)`` in [0, 1], 1 where it matters; ``None`` for everywhere.
            exclude: shot whose atoms are not used.

        Returns:
            Scores ``(B,)`` and maps ``(B, h, w)``, both at least 0, larger = more anomalous, unbounded. Maps are 0
            outside the region of interest.
        """
        size = (frames.shape[-2], frames.shape[-1])
        frames, roi = frames.to(self.device), None if roi is None else roi.to(self.device)
        if self.config.scoring.map == "residual":
            return self.judge(self.embed(frames), size=size, roi=roi, exclude=exclude)

        def summed_energy(x: Tensor) -> Tensor:
            features = self.embed(x)
            return energy(self._residual(features, exclude) * _inside(roi, features))

        maps = gradient_map(summed_energy, frames)
        if roi is not None:
            maps = maps * roi
        if self.config.scoring.score == "energy":
            scores, _ = self.judge(self.embed(frames), size=size, roi=roi, exclude=exclude)
        else:
            inside = None if roi is None else roi.flatten(1)
            scores = worst_mean(maps.flatten(1), self.config.scoring.worst_share, inside=inside)
        smooth = gaussian_blur(maps, self.config.scoring.smoothing)
        return scores, smooth if roi is None else smooth * roi

    def judge(
        self, features: Tensor, *, size: tuple[int, int], roi: Tensor | None = None, exclude: int | None = None
    ) -> tuple[Tensor, Tensor]:
        """Judges features that are already extracted; the residual half of ``forward``.

        Args:
            features: ``(B, d, h', w')`` from ``embed``.
            size: ``(h, w)`` of the maps.
            roi: as in ``forward``.
            exclude: as in ``forward``.
        """
        scoring = self.config.scoring
        features, roi = features.to(self.device), None if roi is None else roi.to(self.device)
        residual = self._residual(features, exclude) * _inside(roi, features)
        norms = residual.norm(dim=2)
        if scoring.score == "energy":
            # Per position, so that the size of the input does not move the score.
            scores = energy(residual) / norms.shape[1]
        else:
            scores = worst_mean(norms, scoring.worst_share, inside=_inside(roi, features)[:, :, 0])
        if self.config.coding.normalise:
            # Directions blow up positions where nothing is to be seen; how strongly features respond puts the map right
            # (a score of the worst few positions is better off without).
            norms = norms * self._strength(features)
        maps = upsample(norms.view(-1, *features.shape[-2:]), size, sigma=scoring.smoothing)
        return scores, maps if roi is None else maps * roi

    def _strength(self, features: Tensor) -> Tensor:
        """``(B, P)``: 1 where every layer, which counts as in the coder, responds as it does on normal images."""
        spec = self.extractor.spec
        relative = layer_norms(features, spec.channels) / self.strengths[:, None, None]
        relative = relative * features.new_tensor(spec.balance)[:, None, None]
        return relative.square().mean(dim=1).sqrt().flatten(1)

    def _residual(self, features: Tensor, exclude: int | None) -> Tensor:
        dictionary = Dictionary(self.atoms, self.owners, self.lipschitz, self.strengths, self.projection, self.keys)
        z = self.atoms_of(features)
        return torch.stack([explain(each, dictionary, config=self.config.coding, exclude=exclude) for each in z])


def covered(regions: Tensor, grid: tuple[int, int]) -> Tensor:
    """Which positions lie mostly inside: ``(B, h, w)`` regions in [0, 1] to ``(B, h', w')`` bool."""
    return F.adaptive_avg_pool2d(regions[:, None], grid)[:, 0] > HALF


def _inside(roi: Tensor | None, features: Tensor) -> Tensor:
    """``(B, P, 1)`` weights of positions: 1 where most of the position lies inside the region of interest."""
    if roi is None:
        return features.new_ones(1, 1, 1)
    inside = covered(roi, (features.shape[-2], features.shape[-1]))
    return inside.flatten(1)[:, :, None].to(features.dtype)
