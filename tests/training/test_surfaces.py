from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from PIL import Image

from tenshot.core.errors import MissingError
from tenshot.training.surfaces import TextureFiles, invented, surface

if TYPE_CHECKING:
    from pathlib import Path


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_files_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 6), 51, np.uint8)).save(tmp_path / "0.png")
    files = TextureFiles([tmp_path / "0.png", tmp_path / "1.png"])
    assert len(files) == 2
    torch.testing.assert_close(files[0], torch.full((3, 4, 6), 0.2))
    with pytest.raises(MissingError, match=r"1\.png"):
        files[1]


def test_a_surface_is_a_part_of_one_of_the_pictures() -> None:
    ramp = torch.linspace(0, 0.5, 40).expand(3, 30, 40)
    means = set()
    for seed in range(40):
        part = surface([ramp, torch.ones(3, 7, 5)], 16, generator=generator(seed))
        assert part.shape == (3, 16, 16)
        means.add(round(float(part.mean()), 3))
        if part.max() <= 0.5:
            assert float((part.diff(dim=2) >= -1e-6).float().mean()) == 1
            assert float(part[0, 0, -1] - part[0, 0, 0]) >= 0.5 * 0.2
    assert 1.0 in means
    assert len(means) > 10


def test_without_pictures_surfaces_are_invented() -> None:
    made = torch.stack([surface([], 48, generator=generator(seed)) for seed in range(40)])
    assert made.shape == (40, 3, 48, 48)
    assert 0 <= float(made.min()) <= float(made.max()) <= 1
    spread = made.flatten(2).std(dim=2).mean(dim=1)
    assert float(spread.median()) > 0.03
    assert torch.equal(made[3], surface([], 48, generator=generator(3)))


@pytest.mark.parametrize("side", [1, 2, 17, 160])
def test_invented_textures_have_any_size(side: int) -> None:
    for seed in range(9):
        texture = invented(side, generator=generator(seed))
        assert texture.shape == (3, side, side)
        assert texture.isfinite().all()
        assert 0 <= float(texture.min()) <= float(texture.max()) <= 1
