from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image

from tenshot.training.sheet import png, tiled


def test_pictures_lie_in_rows_and_columns_with_gaps_between() -> None:
    panel = torch.arange(6.0).reshape(2, 3, 1, 1, 1).expand(2, 3, 3, 4, 5)
    sheet = tiled(panel / 10, gap=1)
    assert sheet.shape == (3, 2 * 4 + 1, 3 * 5 + 2)
    assert sheet[0, ::5, ::6].tolist() == (torch.arange(6.0).reshape(2, 3) / 10).tolist()
    assert (sheet[:, 4] == 1).all()
    assert (sheet[:, :, 5] == 1).all()


def test_a_sheet_has_every_panel_under_its_caption() -> None:
    grey = torch.full((1, 2, 3, 8, 8), 0.5)
    odd = torch.tensor([-1.0, 2.0, float("nan")]).reshape(1, 1, 3, 1, 1).expand(1, 1, 3, 6, 6)
    with Image.open(io.BytesIO(png({"grey": grey, "odd": odd.requires_grad_()}))) as picture:
        pixels = np.asarray(picture)
    assert picture.mode == "RGB"
    assert pixels.shape == (16 + 8 + 16 + 6, 8 + 2 + 8, 3)
    assert (pixels[16:24, :8] == 128).all()
    assert (pixels[40:, :6] == (0, 255, 0)).all()
    assert (pixels[40:, 6:] == 255).all()
    assert (pixels[:16] < 128).any(), "the caption is written"
