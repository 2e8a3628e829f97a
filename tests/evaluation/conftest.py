"""A small set of photos in MVTec AD's layout, made on the fly: striped parts, some of them scratched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
import pytest

if TYPE_CHECKING:
    from pathlib import Path

SIDE = 64


def _part(generator: np.random.Generator) -> np.ndarray:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    stripes = 120 + 60 * np.sin((rows + generator.integers(2)) / 3) + 0.2 * columns
    pixels = stripes[..., None] * np.array([1.0, 0.9, 0.7]) + generator.normal(0, 4, (SIDE, SIDE, 3))
    return pixels.clip(0, 255).astype(np.uint8)


def _scratched(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    pixels, mask = _part(generator), np.zeros((SIDE, SIDE), dtype=np.uint8)
    top, left = generator.integers(8, SIDE - 24, 2)
    mask[top : top + 12, left : left + 16] = 255
    pixels[mask > 0] = generator.integers(0, 255, (int((mask > 0).sum()), 3))
    return pixels, mask


def _save(pixels: np.ndarray, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(pixels).save(path)


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that holds ``bottle`` and nothing else: 12 photos to learn, 6 good and 5 scratched to judge."""
    data = tmp_path_factory.mktemp("data")
    root = data / "mvtec_ad" / "bottle"
    generator = np.random.default_rng(7)
    for index in range(12):
        _save(_part(generator), root / "train" / "good" / f"{index:03}.png")
    for index in range(6):
        _save(_part(generator), root / "test" / "good" / f"{index:03}.png")
    for index in range(5):
        pixels, mask = _scratched(generator)
        _save(pixels, root / "test" / "scratch" / f"{index:03}.png")
        _save(mask, root / "ground_truth" / "scratch" / f"{index:03}_mask.png")
    return data
