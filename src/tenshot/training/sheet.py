"""Pictures of a training as one sheet to look at."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

__all__ = ["png", "tiled"]

GAP = 2
CAPTION_HEIGHT = 16
WHITE = 1.0


def tiled(panel: Tensor, *, gap: int = GAP) -> Tensor:
    """Lays pictures out in a grid.

    Args:
        panel: ``(rows, columns, 3, h, w)``.
        gap: white pixels between neighbours.

    Returns:
        ``(3, rows * (h + gap) - gap, columns * (w + gap) - gap)``.
    """
    rows, columns, _, height, width = panel.shape
    grid = panel.new_full((rows, columns, 3, height + gap, width + gap), WHITE)
    grid[..., :height, :width] = panel
    sheet = grid.permute(2, 0, 3, 1, 4).reshape(3, rows * (height + gap), columns * (width + gap))
    return sheet[:, : sheet.shape[1] - gap, : sheet.shape[2] - gap]


def png(panels: Mapping[str, Tensor]) -> bytes:
    """Draws panels below one another, each under its caption.

    Args:
        panels: ``(rows, columns, 3, h, w)`` in [0, 1] by caption, at least one; what lies outside is clipped, and what
            is no number is black.

    Returns:
        A PNG file.
    """
    from PIL import Image, ImageDraw

    grids = {caption: tiled(panel.detach().float().cpu()) for caption, panel in panels.items()}
    height = sum(grid.shape[1] + CAPTION_HEIGHT for grid in grids.values())
    sheet = Image.new("RGB", (max(grid.shape[2] for grid in grids.values()), height), "white")
    top = 0
    for caption, grid in grids.items():
        ImageDraw.Draw(sheet).text((GAP, top + GAP), caption, fill="black")
        pixels = (grid.nan_to_num(0, 1, 0).clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0)
        sheet.paste(Image.fromarray(pixels.numpy()), (0, top + CAPTION_HEIGHT))
        top += CAPTION_HEIGHT + grid.shape[1]
    file = io.BytesIO()
    sheet.save(file, "PNG")
    return file.getvalue()
