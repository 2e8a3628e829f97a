"""The contract every extractor keeps, and how its maps are joined into one."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Extractor", "ExtractorSpec", "join_maps", "state_digest"]


@dataclass(frozen=True, slots=True)
class ExtractorSpec:
    """What an extractor publishes about itself; consumers never hard-code any of it.

    Attributes:
        name: the name it is asked for by.
        layers: indices of the tapped layers, in the extractor's own numbering.
        channels: channels of each tapped map.
        strides: input pixels per position of each tapped map.
        mean: per RGB channel, subtracted from inputs in [0, 1].
        std: per RGB channel, divided by after that.
        multiple: input height and width must be multiples of it.
        weights: SHA-256 of all parameters and buffers, an adapter's included: two extractors with the same name and
            another digest are different extractors.
        image_size: the input resolution it works best at, in pixels.
        neighbourhood: side of the window over which its joined features are best averaged; 1 for none.
        balance: how much each tapped layer counts once it is normalised, above 0, with a mean square of 1; all ones
            unless an adapter says otherwise.
        adapter: name of the recipe of the adapter that its maps go through; ``None`` without one.
    """

    name: str
    layers: tuple[int, ...]
    channels: tuple[int, ...]
    strides: tuple[int, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    multiple: int
    weights: str
    image_size: int
    neighbourhood: int
    balance: tuple[float, ...] = ()
    adapter: str | None = None

    def __post_init__(self) -> None:
        if not self.balance:
            object.__setattr__(self, "balance", (1.0,) * len(self.layers))

    @property
    def grid_stride(self) -> int:
        """Stride of the joined map: that of the tapped map closest to 8 (the finer one of two equally close)."""
        return min(self.strides, key=lambda stride: (abs(stride - 8), stride))


class Extractor(nn.Module, ABC):
    """Ψ, the feature extractor: frozen, deterministic, and the same object for every task that uses it.

    Subclasses set ``spec`` and implement ``_maps``. Parameters never require a gradient and the network never leaves
    evaluation mode, but gradients flow *through* it to the input: the gradient map (Algorithm 2) needs them.
    """

    spec: ExtractorSpec
    mean: Tensor
    std: Tensor

    def __init__(self, *, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(list(mean)).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(list(std)).view(1, 3, 1, 1), persistent=False)

    @abstractmethod
    def _maps(self, normalised: Tensor) -> list[Tensor]:
        """Feature maps of inputs that are already normalised."""

    def forward(self, images: Tensor) -> list[Tensor]:
        """Extracts the tapped feature maps.

        Args:
            images: ``(B, 3, H, W)`` float32 in [0, 1]; H and W multiples of ``spec.multiple``.

        Returns:
            One ``(B, c, H / stride, W / stride)`` tensor per tapped layer, in the order of ``spec.layers``.
        """
        # channels_last halves the time of depthwise convolutions on a CPU.
        normalised = (images - self.mean) / self.std
        return self._maps(normalised.contiguous(memory_format=torch.channels_last))

    def train(self, mode: bool = True) -> Self:  # noqa: ARG002, FBT001, FBT002 - the signature is nn.Module's
        """Stays in evaluation mode: statistics of a frozen extractor must never move."""
        return super().train(mode=False)

    def _freeze(self) -> None:
        self.requires_grad_(requires_grad=False)
        self.train()
        self.to(memory_format=torch.channels_last)


def state_digest(state: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, shapes, dtypes and values of a state dict, independent of the order of its entries."""
    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().cpu().contiguous()
        digest.update(f"{name}:{tuple(tensor.shape)}:{tensor.dtype}".encode())
        digest.update(tensor.view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def join_maps(maps: Sequence[Tensor], *, size: tuple[int, int], neighbourhood: int = 3) -> Tensor:
    """Joins maps of several strides into one map on a common grid.

    Finer maps are averaged down, coarser ones interpolated up; then every map is averaged over a small neighbourhood,
    which makes positions tolerant to shifts of a fraction of a stride.

    Args:
        maps: ``(B, c_i, h_i, w_i)`` each.
        size: ``(h', w')`` of the result.
        neighbourhood: odd side of the averaging window; 1 leaves the maps as they are.

    Returns:
        z, ``(B, d, h', w')`` with d the sum of the c_i.
    """
    joined = []
    for features in maps:
        height, width = features.shape[-2:]
        resized = features
        if height > size[0] or width > size[1]:
            resized = F.adaptive_avg_pool2d(features, size)
        elif (height, width) != size:
            resized = F.interpolate(features, size=size, mode="bilinear", align_corners=False)
        joined.append(resized)
    z = torch.cat(joined, dim=1)
    if neighbourhood == 1:
        return z
    # Border positions average over what is there, not over zeros.
    return F.avg_pool2d(z, neighbourhood, stride=1, padding=neighbourhood // 2, count_include_pad=False)
