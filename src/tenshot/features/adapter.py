"""A light adapter on the maps of a frozen extractor: it changes how much of what is seen counts, not what is seen.

    z_i <- s_i * (z_i + U_i D_i z_i)

with one weight s_i per channel and, where wanted, a low-rank part of rank r, for every tapped layer i. A weight b_i per
layer, the balance, says how much the layer counts once features are normalised, where s_i no longer can.

All of it is linear and the same at every position. So it commutes with averaging and interpolating: adapting maps and
then joining them is joining them and then adapting, which lets training keep the joined features and never run the
extractor again.
"""

from __future__ import annotations

import copy
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn

from tenshot.features.base import Extractor, state_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["AdaptedExtractor", "Adapter", "adapt_map"]


def adapt_map(z: Tensor, scale: Tensor, *, down: Tensor | None = None, up: Tensor | None = None) -> Tensor:
    """Adapts the features of one layer.

    Args:
        z: ``(B, c, h, w)`` features.
        scale: ``(c,)`` weights of channels.
        down: ``(r, c)``, D; ``None`` for no low-rank part.
        up: ``(c, r)``, U; likewise.

    Returns:
        s * (z + U D z), of the shape of z; differentiable in everything.
    """
    if down is not None and up is not None:
        z = z + torch.einsum("cr,brhw->bchw", up, torch.einsum("rc,bchw->brhw", down, z))
    return scale[:, None, None] * z


class Adapter(nn.Module):
    """Adapts the maps of all tapped layers. A new one changes nothing: it is where training starts.

    Args:
        channels: of every tapped layer.
        rank: r of the low-rank part; 0 for none.
        seed: of the start of D; U starts at 0.
    """

    def __init__(self, channels: Sequence[int], *, rank: int = 0, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        low = channels if rank else ()
        self.channels = tuple(channels)
        self.scale = nn.ParameterList(torch.ones(c) for c in channels)
        self.down = nn.ParameterList(torch.randn(rank, c, generator=generator) / c**0.5 for c in low)
        self.up = nn.ParameterList(torch.zeros(c, rank) for c in low)
        self.log_balance = nn.Parameter(torch.zeros(len(self.channels)))

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> Self:
        """The adapter of some tensors, as ``tensors`` gives them.

        Raises:
            ValueError: for tensors that are not those of an adapter, or weights of layers that are not above 0.
        """
        layers = sum(name.startswith("scale.") for name in tensors)
        channels = [tensors[f"scale.{i}"].numel() for i in range(layers) if f"scale.{i}" in tensors]
        rank = tensors["down.0"].numel() // max(channels[0], 1) if "down.0" in tensors and channels else 0
        made = cls(channels, rank=rank)
        if not layers or _shapes(tensors) != _shapes(made.tensors()):
            msg = f"expected scale.i, balance and maybe down.i and up.i of every layer i, got {_shapes(tensors)}"
            raise ValueError(msg)
        if not all(tensor.isfinite().all() for tensor in tensors.values()) or not (tensors["balance"] > 0).all():
            msg = "expected finite numbers, those of balance above 0"
            raise ValueError(msg)
        with torch.no_grad():
            made.log_balance.copy_(tensors["balance"].log())
            for name, parameter in made.named_parameters():
                if name in tensors:
                    parameter.copy_(tensors[name])
        return made

    @property
    def balance(self) -> Tensor:
        """``(S,)`` weights of layers, above 0, with a mean square of 1; differentiable."""
        weights = self.log_balance.exp()
        return weights / weights.square().mean().sqrt()

    def tensors(self) -> dict[str, Tensor]:
        """What its file holds: ``scale.i``, ``down.i``, ``up.i`` and ``balance``, apart from any graph."""
        parts = {name: tensor.detach().clone() for name, tensor in self.state_dict().items() if name != "log_balance"}
        return {**parts, "balance": self.balance.detach()}

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """One ``(B, c_i, h_i, w_i)`` map per tapped layer to as many of the same shapes."""
        down, up = ([*part] or [None] * len(maps) for part in (self.down, self.up))
        parts = zip(maps, self.scale, down, up, strict=True)
        return [adapt_map(z, scale, down=low, up=high) for z, scale, low, high in parts]

    def on_joined(self, z: Tensor) -> Tensor:
        """The same on maps that are joined already, ``(B, d, h', w')``, as from ``join_maps``."""
        return torch.cat(self(torch.split(z, list(self.channels), dim=1)), dim=1)


class AdaptedExtractor(Extractor):
    """An extractor whose maps go through an adapter. It keeps its name; its digest covers both.

    Args:
        inner: the extractor, frozen; shared, not copied.
        adapter: for its tapped layers, in their order; copied, so that one still in training goes on unharmed.
        recipe: name of the recipe that made the adapter.
    """

    def __init__(self, inner: Extractor, adapter: Adapter, *, recipe: str) -> None:
        super().__init__(mean=inner.spec.mean, std=inner.spec.std)
        self.inner = inner
        self.adapter = copy.deepcopy(adapter)
        self._freeze()
        both = f"{inner.spec.weights} {state_digest(adapter.tensors())}"
        self.spec = replace(
            inner.spec,
            weights=hashlib.sha256(both.encode()).hexdigest(),
            balance=tuple(adapter.balance.tolist()),
            adapter=recipe,
        )

    def _maps(self, normalised: Tensor) -> list[Tensor]:
        return self.adapter(self.inner._maps(normalised))  # noqa: SLF001 - the same contract


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}
