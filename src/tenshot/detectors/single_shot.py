"""What stands in for a second photo when there is only one normal image to learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn import functional as F

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["SHIFT_FACTOR", "moved"]

# How much higher than a moved copy another good part scores: e^0.47 on the mean of six products, e^0.29 to e^0.61 on
# single ones (docs/decisions/0006-calibration.md).
SHIFT_FACTOR = 1.6


def moved(frames: Tensor, step: int) -> Tensor:
    """Frames moved right by ``step`` pixels and up by as many, borders reflected.

    Args:
        frames: ``(B, C, h, w)``.
        step: in pixels, not 0; negative for left and down.
    """
    margin = abs(step)
    padded = F.pad(frames, (margin, margin, margin, margin), mode="reflect")
    return padded.roll((-step, step), dims=(-2, -1))[..., margin:-margin, margin:-margin]
