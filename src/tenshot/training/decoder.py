"""The way back from the ResNet-10's features to a picture (appendix A.3), with statistics that come from the support.

Transposed convolutions, batch normalisation and ReLU, as the paper says. What it leaves open is whose statistics the
normalisation uses. Those of the batch would let pictures that are judged together influence each other, and an anomaly
normalise itself; running averages mix all products. Here they are those of the K normal frames of the task, in training
as in use: measured once, then fixed.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["Decoder", "Statistics"]

Statistics = list[tuple[Tensor, Tensor]]
"""Mean and variance ``(C,)`` of every normalisation's input, in order."""

WIDTHS = (256, 128, 64, 32, 16)
TINY = 1e-5
FAINT = 0.1
MID_GREY = 0.5


class Decoder(nn.Module):
    """Five transposed convolutions, each doubling the sides: ``(B, 256, h, w)`` to ``(B, 3, 32 h, 32 w)``."""

    def __init__(self) -> None:
        super().__init__()
        pairs = itertools.pairwise(WIDTHS)
        self.rises = nn.ModuleList(nn.ConvTranspose2d(i, o, 4, 2, padding=1, bias=False) for i, o in pairs)
        self.scales = nn.ParameterList(torch.ones(width) for width in WIDTHS[1:])
        self.shifts = nn.ParameterList(torch.zeros(width) for width in WIDTHS[1:])
        self.last = nn.ConvTranspose2d(WIDTHS[-1], 3, 4, 2, padding=1)

    def start_grey(self) -> None:
        """Makes the pictures of a decoder that was just initialised faint ones on mid-grey: a start to train from."""
        with torch.no_grad():
            self.last.weight.mul_(FAINT)
            self.last.bias.fill_(MID_GREY)  # type: ignore[union-attr]

    def forward(self, z: Tensor, statistics: Statistics | None = None) -> tuple[Tensor, Statistics]:
        """Decodes features.

        Args:
            z: ``(B, 256, h, w)``.
            statistics: to normalise with; ``None`` for those of this very batch, which is then the support.

        Returns:
            Pictures ``(B, 3, 32 h, 32 w)``, about [0, 1] but not bounded, and the statistics used; differentiable in
            everything, the statistics included.
        """
        used: Statistics = []
        for level, (rise, scale, shift) in enumerate(zip(self.rises, self.scales, self.shifts, strict=True)):
            raised = rise(z)
            mean, variance = statistics[level] if statistics else _moments(raised)
            used.append((mean, variance))
            factor = scale * torch.rsqrt(variance + TINY)
            z = F.relu(raised * factor[:, None, None] + (shift - mean * factor)[:, None, None])
        return self.last(z), used


def _moments(z: Tensor) -> tuple[Tensor, Tensor]:
    variance, mean = torch.var_mean(z, dim=(0, 2, 3), correction=0)
    return mean, variance
