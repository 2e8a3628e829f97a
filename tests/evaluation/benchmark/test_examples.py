from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
import pytest

from tenshot.core.errors import InputError
from tenshot.core.types import Image, Prediction
from tenshot.data.images import read_image
from tenshot.evaluation.benchmark.examples import show

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tenshot.detectors.photos import Source


class Spotter:
    """Finds the same spot in the upper left quarter of every image."""

    threshold = 2.0

    def __init__(self, peak: float) -> None:
        self.peak = peak

    def predict(self, images: Source | Iterable[Source]) -> list[Prediction]:
        assert isinstance(images, Image)
        heat = np.zeros((64, 64), dtype=np.float32)
        heat[8:24, 8:24] = self.peak
        return [Prediction(images.name, self.peak, 2.0, 0.01, self.peak > 2, heat, 2.0)]


def _image(height: int, width: int) -> Image:
    pixels = np.random.default_rng(3).integers(90, 110, (height, width, 3), dtype=np.uint8)
    return read_image(pixels, name="part 7")


def _pixels(picture: bytes) -> np.ndarray:
    with PIL.Image.open(io.BytesIO(picture)) as opened:
        assert opened.format == "JPEG"
        return np.asarray(opened.convert("RGB")).astype(int)


def test_the_photo_stands_beside_what_was_found() -> None:
    example = show(Spotter(3.5), _image(300, 300), set="bottle", detector="nearest", kind="found")
    pixels = _pixels(example.picture)
    assert (example.height, example.width) == pixels.shape[:2] == (240, 240 + 8 + 240)
    photo, overlay = pixels[:, :240], pixels[:, -240:]
    hot = overlay[40:80, 40:80].mean((0, 1)) - photo[40:80, 40:80].mean((0, 1))
    assert hot[0] > 80, "the spot is yellow on grey"
    assert abs(overlay[150:] - photo[150:]).mean() < 2, "and nothing else is coloured"
    assert (example.name, example.set, example.detector, example.kind) == ("part 7", "bottle", "nearest", "found")
    assert (example.score, example.threshold) == (3.5, 2.0)


def test_a_calm_map_leaves_the_photo_as_it_is() -> None:
    pixels = _pixels(show(Spotter(1.0), _image(240, 240), set="a", detector="b", kind="missed").picture)
    assert abs(pixels[:, :240] - pixels[:, -240:]).mean() < 2


@pytest.mark.parametrize(
    ("size", "shown"),
    [((1000, 500), (240, 120 + 8 + 120)), ((300, 600), (240 + 8 + 240, 480)), ((100, 2000), (24 + 8 + 24, 480))],
)
def test_no_picture_is_higher_than_240_or_wider_than_480(size: tuple[int, int], shown: tuple[int, int]) -> None:
    example = show(Spotter(3.0), _image(*size), set="a", detector="b", kind="alarm", name="train/x.png")
    assert (example.height, example.width) == shown
    assert example.name == "train/x.png"


def test_the_same_image_gives_the_same_bytes() -> None:
    first, second = (show(Spotter(3.0), _image(90, 120), set="a", detector="b", kind="alarm") for _ in range(2))
    assert first == second


def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InputError, match="expected missed, found or alarm, got 'best'"):
        show(Spotter(3.0), _image(90, 120), set="a", detector="b", kind="best")  # type: ignore[arg-type]
