"""Tiny sets in every layout, as real files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Put = Callable[..., Path]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Writes pictures of 12 x 10 pixels, no two alike; masks have a spot of the given value, or none."""
    generator = np.random.default_rng(0)

    def write(*names: str, mask: int | None = None) -> Path:
        for name in names:
            pixels = (
                np.zeros((10, 12), np.uint8) if mask is not None else generator.integers(0, 255, (10, 12), np.uint8)
            )
            if mask:
                pixels[2:5, 3:6] = mask
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            PIL.Image.fromarray(pixels).save(path)
        return tmp_path

    return write
