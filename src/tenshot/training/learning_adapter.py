"""An adapter while it learns: its scales as logarithms, which neither change sign nor vanish."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from tenshot.energy import directions
from tenshot.features import Adapter
from tenshot.features.adapter import adapt_map

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tenshot.training.lesson_settings import AdapterSettings

__all__ = ["LearningAdapter"]


class LearningAdapter(nn.Module):
    """What ``features.Adapter`` is, on rows of features; a new one changes nothing.

    Args:
        channels: of every tapped layer.
        settings: which parts of it learn.
        seed: of the start of the low-rank part.
    """

    def __init__(self, channels: Sequence[int], *, settings: AdapterSettings, seed: int = 0) -> None:
        super().__init__()
        start = Adapter(channels, rank=settings.rank, seed=seed)
        self.channels = start.channels
        self.settings = settings
        self.log_scale = nn.ParameterList(torch.zeros(c) for c in channels)
        self.down, self.up = start.down, start.up
        self.log_balance = start.log_balance

    def forward(self, rows: Tensor) -> Tensor:
        """What the coder sees: ``(N, d)`` joined features of positions to ``(N, d)`` directions of adapted ones."""
        parts = torch.split(rows.T[None, :, :, None], list(self.channels), dim=1)
        adapted = []
        for layer, (z, log_scale) in enumerate(zip(parts, self.log_scale, strict=True)):
            down, up = (self.down[layer], self.up[layer]) if self.settings.rank else (None, None)
            adapted.append(adapt_map(z, log_scale.exp(), down=down, up=up))
        z = directions(torch.cat(adapted, dim=1), self.channels, self.log_balance.exp())
        return z[0, :, :, 0].T

    def of_pictures(self, rows: Tensor) -> Tensor:
        """The same of several pictures, ``(B, P, d)`` in any precision to ``(B, P, d)`` in single."""
        return self(rows.flatten(0, 1).float()).view(rows.shape)

    def trained(self) -> Iterator[nn.Parameter]:
        """The parts that learn."""
        if self.settings.scale:
            yield from self.log_scale
        if self.settings.balance:
            yield self.log_balance
        yield from self.down
        yield from self.up

    @property
    def log_scales(self) -> Tensor:
        """``(d,)``, 0 at the start."""
        return torch.cat(list(self.log_scale))

    def plain(self) -> Adapter:
        """What it has become, as an extractor takes it."""
        adapter = Adapter(self.channels, rank=self.settings.rank)
        with torch.no_grad():
            for mine, learnt in zip(adapter.scale, self.log_scale, strict=True):
                mine.copy_(learnt.exp())
            for mine, learnt in zip([*adapter.down, *adapter.up], [*self.down, *self.up], strict=True):
                mine.copy_(learnt)
            adapter.log_balance.copy_(self.log_balance)
        return adapter
