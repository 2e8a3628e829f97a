"""Shots: what a task keeps of every normal image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import torch

from tenshot.core.errors import ExtractorError, SupportError
from tenshot.detectors.adaptive_energy.path import covered
from tenshot.energy import Dictionary, build_dictionary, farthest_first, layer_norms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from tenshot.core.config import Augmentation, DictionaryConfig
    from tenshot.detectors.adaptive_energy.path import ScoringPath
    from tenshot.detectors.framing import Photo

__all__ = ["Shot", "dictionary_of", "order_atoms", "positions", "take_shot", "too_small"]

ORDER_DIMS = 32


@dataclass(frozen=True, eq=False, slots=True)
class Shot:
    """One normal image of a task.

    Features are kept in half precision and everything is computed from the rounded values, so that a task is the same
    to the bit whether it was just adapted, changed in place, or loaded from a file.

    Attributes:
        name: of the image.
        digest: SHA-256 of the image; its first twelve digits are the shot's id.
        is_grey: whether the image had one channel.
        features: ``(V, T, d, h', w')`` float16: V views of T frames; view 0 is the photo as it is.
        inside: ``(T, h, w)`` bool, the region of interest in its frames; ``None`` for everywhere.
        order: ``(m,)`` int64, the best m positions of all views, as indices into the positions inside.
        frames: ``(T, 3, h, w)`` float16, kept only where holding the shot out needs the image itself: for gradient
            maps, and for the single shot of a task.
    """

    name: str
    digest: str
    is_grey: bool
    features: Tensor
    inside: Tensor | None
    order: Tensor
    frames: Tensor | None

    @property
    def id(self) -> str:
        """Short name of the shot, unique within a task."""
        return self.digest[:12]


def take_shot(path: ScoringPath, photo: Photo) -> Shot:
    """Extracts the features of one normal image.

    Raises:
        SupportError: if nothing of the image lies inside the region of interest.
        ExtractorError: if features cannot be kept in half precision.
    """
    if photo.inside is not None and not photo.inside.any():
        msg = f"{photo.name}: the region of interest is empty"
        raise SupportError(msg)
    frames = photo.frames.half()
    views = _views(frames.float(), path.config.dictionary.augment)
    features = torch.stack([torch.cat([path.embed(frame[None]) for frame in view]) for view in views])
    if not features.half().isfinite().all():
        msg = f"{photo.name}: features of {path.extractor.spec.name} exceed half precision (65504); tap other layers"
        raise ExtractorError(msg)
    return Shot(
        name=photo.name,
        digest=photo.digest,
        is_grey=photo.is_grey,
        features=features.half().cpu().contiguous(),
        inside=photo.inside,
        order=torch.empty(0, dtype=torch.int64),
        frames=frames.contiguous(),
    )


def order_atoms(path: ScoringPath, shots: Sequence[Shot], config: DictionaryConfig) -> tuple[Shot, ...]:
    """Gives every shot its share of the dictionary: the same number of atoms each, best first.

    Orders are nested, so a shot that already has enough keeps a prefix; only what is missing is computed.

    Raises:
        SupportError: for a shot of which no position lies inside the region of interest.
    """
    counts = [_count(path, shot) for shot in shots]
    available = min(counts)
    if available == 0:
        raise SupportError(too_small(path, shots[counts.index(0)].name))
    share = available if config.atoms is None else min(available, max(1, config.atoms // len(shots)))
    return tuple(_with_share(path, shot, share, count) for shot, count in zip(shots, counts, strict=True))


def _with_share(path: ScoringPath, shot: Shot, share: int, count: int) -> Shot:
    # A shot that gave all its positions has them unordered: no prefix of those covers the shot.
    nested = share < len(shot.order) < count
    order = shot.order[:share] if nested or len(shot.order) == share else _order(positions(path, shot), share)
    return replace(shot, order=order)


def dictionary_of(path: ScoringPath, shots: Sequence[Shot]) -> Dictionary:
    """The dictionary of a task from the ordered atoms of its shots."""
    # Few shots are cut into several groups each, so that the active set has enough atoms to combine.
    coding = path.config.coding
    groups = min(max(1, (coding.active_atoms - 1) // len(shots)), len(shots[0].order))
    atoms = [positions(path, shot)[shot.order] for shot in shots]
    return build_dictionary(atoms, groups_per_shot=groups, strengths=_strengths(path, shots), dims=coding.code_dims)


def _strengths(path: ScoringPath, shots: Sequence[Shot]) -> Tensor:
    norms = [layer_norms(shot.features[0].float(), path.extractor.spec.channels) for shot in shots]
    medians = torch.stack([each.transpose(0, 1).flatten(1).median(dim=1).values for each in norms])
    # A layer that is silent on normal images must not divide by zero.
    return medians.mean(dim=0).clamp(min=1e-6)


def _order(points: Tensor, share: int) -> Tensor:
    # All positions are wanted: their order does not matter, and ordering thousands would cost seconds.
    if share == len(points):
        return torch.arange(share)
    # Random directions keep distances well enough for a choice, at a fifth of the time.
    return farthest_first(points @ _directions(points.shape[1]).to(points), share)


@lru_cache(maxsize=4)
def _directions(dims: int) -> Tensor:
    gaussian = torch.randn(dims, min(dims, ORDER_DIMS), generator=torch.Generator().manual_seed(0))
    return torch.linalg.qr(gaussian).Q


def positions(path: ScoringPath, shot: Shot) -> Tensor:
    """Every position of a shot that may become an atom, ``(n, D)``: of all views, inside the region of interest."""
    atoms = path.atoms_of(shot.features.flatten(0, 1).float().to(path.device))
    chosen = _inside_positions(path, shot)
    return atoms.flatten(0, 1) if chosen is None else atoms[chosen.to(path.device)]


def too_small(path: ScoringPath, name: str) -> str:
    """The sentence for a region of interest without a single position."""
    cell = path.extractor.spec.grid_stride
    return f"{name}: the region of interest is too small; it must cover most of at least one {cell}x{cell} px cell"


def _count(path: ScoringPath, shot: Shot) -> int:
    chosen = _inside_positions(path, shot)
    if chosen is not None:
        return int(chosen.sum())
    views, frames, _, height, width = shot.features.shape
    return views * frames * height * width


def _inside_positions(path: ScoringPath, shot: Shot) -> Tensor | None:
    """``(V · T, P)`` bool."""
    if shot.inside is None:
        return None
    inside = covered(shot.inside.float(), (shot.features.shape[-2], shot.features.shape[-1]))
    return torch.stack(_views(inside, path.config.dictionary.augment)).flatten(0, 1).flatten(1)


def _views(frames: Tensor, augment: Augmentation) -> list[Tensor]:
    turns = range(4) if augment in {"rotations", "all"} else range(1)
    flips = (False, True) if augment in {"flips", "all"} else (False,)
    return [torch.rot90(frames.flip(-1) if flip else frames, turn, (-2, -1)) for flip in flips for turn in turns]
