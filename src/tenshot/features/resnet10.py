"""The paper's ten-layer residual network (appendix, Table A), in its evident intent.

Table A cannot be built as printed (a strided 1x1 convolution that keeps its map, one batch normalisation among
group normalisations, a row too many). What is built: a 7x7/2 stem with group normalisation, ELU and 3x3/2 average
pooling; four residual stages of two 3x3 convolutions each; a 1x1 head with instance normalisation and Tanh, which
bounds the features that the sparse coder sees. Ten weighted layers: stem, eight convolutions, head.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from tenshot.core.errors import ExtractorError
from tenshot.features.base import Extractor, ExtractorSpec, state_digest
from tenshot.features.names import RESNET10

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ResNet10", "ResNet10Extractor"]

WIDTHS = (32, 64, 128, 256)
PAPER_STRIDES = (1, 2, 2, 2)
HEAD = 4
GROUPS = 8


class _Stage(nn.Module):
    """Two 3x3 convolutions with group normalisation and ELU, beside a 1x1 shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
            nn.GroupNorm(GROUPS, outputs),
            nn.ELU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.GroupNorm(GROUPS, outputs),
        )
        self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.GroupNorm(GROUPS, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, inputs, H, W)`` to ``(B, outputs, H / stride, W / stride)``."""
        return nn.functional.elu(self.body(x) + self.shortcut(x))


class ResNet10(nn.Module):
    """The trainable network: images to one map per stage and the bounded head map.

    Args:
        strides: stride of each of the four stages; the paper's (1, 2, 2, 2) gives one position per 32 input pixels.
        seed: of the initial weights; the same seed gives the same weights, whatever was drawn before.
    """

    def __init__(self, *, strides: Sequence[int] = PAPER_STRIDES, seed: int = 0) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, WIDTHS[0], 7, stride=2, padding=3, bias=False),
            nn.GroupNorm(GROUPS, WIDTHS[0]),
            nn.ELU(),
            nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False),
        )
        inputs = (WIDTHS[0], *WIDTHS[:-1])
        self.stages = nn.ModuleList(_Stage(i, o, s) for i, o, s in zip(inputs, WIDTHS, strides, strict=True))
        self.head = nn.Conv2d(WIDTHS[-1], WIDTHS[-1], 1, bias=False)
        # Per-channel spatial variance of one: a spatially constant map, the collapse E = 0, is out of reach.
        self.norm = nn.InstanceNorm2d(WIDTHS[-1])
        self._initialise(torch.Generator().manual_seed(seed))

    def _initialise(self, generator: torch.Generator) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)

    def forward(self, x: Tensor) -> list[Tensor]:
        """``(B, 3, H, W)`` in [-1, 1] to the four stage maps and, last, the head map with values in (-1, 1)."""
        maps = [self.stem(x)]
        for stage in self.stages:
            maps.append(stage(maps[-1]))
        return [*maps[1:], torch.tanh(self.norm(self.head(maps[-1])))]


class ResNet10Extractor(Extractor):
    """``ResNet10`` behind the extractor contract; inputs are scaled from [0, 1] to [-1, 1].

    Without ``weights`` the network is **untrained**: its seeded random start, a control and the start of training.

    Args:
        name: it is asked for by.
        layers: tapped: 0 to 3 are the stages, 4 is the head, which is what the paper codes and the default.
        weights: tensors of ``ResNet10`` with the same strides.
        strides: of the four stages.
        image_size: the input resolution it works best at, in pixels.
        neighbourhood: side of the window over which its joined features are best averaged.
        seed: of the random start.

    Raises:
        ExtractorError: for layers that do not exist, or weights of another network.
    """

    def __init__(
        self,
        *,
        name: str = RESNET10,
        layers: Sequence[int] | None = None,
        weights: Mapping[str, Tensor] | None = None,
        strides: Sequence[int] = PAPER_STRIDES,
        image_size: int = 128,
        neighbourhood: int = 1,
        seed: int = 0,
    ) -> None:
        super().__init__(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
        chosen = tuple(sorted(set(layers))) if layers else (HEAD,)
        if not set(chosen) <= set(range(HEAD + 1)):
            msg = f"layers of {name}: allowed are 0 to 3 (stages) and 4 (head), got {', '.join(map(str, chosen))}"
            raise ExtractorError(msg)
        # Building layers draws from the global generator before our own seed overwrites the values.
        with torch.random.fork_rng(devices=[]):
            self.network = ResNet10(strides=strides, seed=seed)
        if weights is not None:
            self._load(weights, name)
        self._freeze()
        reach = [4 * math.prod(strides[: i + 1]) for i in range(HEAD)]
        self.spec = ExtractorSpec(
            name=name,
            layers=chosen,
            channels=tuple((*WIDTHS, WIDTHS[-1])[i] for i in chosen),
            strides=tuple((*reach, reach[-1])[i] for i in chosen),
            mean=(0.5, 0.5, 0.5),
            std=(0.5, 0.5, 0.5),
            multiple=reach[-1],
            weights=state_digest(self.network.state_dict()),
            image_size=image_size,
            neighbourhood=neighbourhood,
        )

    def _load(self, weights: Mapping[str, Tensor], name: str) -> None:
        try:
            self.network.load_state_dict(weights)
        except RuntimeError as error:
            msg = f"weights of {name}: expected the tensors of this network, got {len(weights)} that do not fit it"
            raise ExtractorError(msg) from error

    def _maps(self, normalised: Tensor) -> list[Tensor]:
        height, width = normalised.shape[-2:]
        if height * width <= self.spec.multiple**2:
            msg = f"{self.spec.name}: expected images of more than {self.spec.multiple**2} pixels, got {height}x{width}"
            raise ExtractorError(msg)
        maps = self.network(normalised)
        return [maps[i] for i in self.spec.layers]
