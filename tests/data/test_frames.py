from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from tenshot.data.frames import resized, to_tensor
from tenshot.data.images import read_image

if TYPE_CHECKING:
    from numpy.typing import NDArray


@pytest.mark.parametrize(
    ("pixels", "value"),
    [
        (np.full((2, 3, 3), 51, np.uint8), 0.2),
        (np.full((2, 3, 3), 13107, np.uint16), 0.2),
        (np.full((2, 3, 3), 0.2, np.float32), 0.2),
        (np.full((2, 3), 51, np.uint8), 0.2),
    ],
)
def test_every_depth_becomes_the_same_tensor(pixels: NDArray[Any], value: float) -> None:
    tensor = to_tensor(read_image(pixels))
    assert tensor.dtype == torch.float32
    torch.testing.assert_close(tensor, torch.full((3, 2, 3), value))


def test_channels_come_first_and_keep_their_order() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    assert np.array_equal(to_tensor(read_image(pixels)).numpy(), pixels.transpose(2, 0, 1) / np.float32(255))


def test_what_has_the_size_already_stays_to_the_bit() -> None:
    pixels = torch.rand(3, 5, 7, generator=torch.Generator().manual_seed(0))
    assert resized(pixels, (5, 7)) is pixels


def test_halving_averages_and_never_leaves_the_range() -> None:
    stripes = torch.tensor([0.0, 1.0]).repeat(16).expand(3, 32, 32)
    small = resized(stripes, (16, 16))
    assert small.shape == (3, 16, 16)
    torch.testing.assert_close(small[:, :, 1:-1], torch.full((3, 16, 14), 0.5), atol=0.01, rtol=0)
    noise = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0)).round()
    assert 0 <= float(resized(noise, (29, 31)).min()) <= float(resized(noise, (29, 31)).max()) <= 1
