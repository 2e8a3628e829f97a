from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image as Pil

from tenshot.core.types import Image
from tenshot.reports.pictures import Gallery, Pictures, embedded_pictures, overlay_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


def decoded(uri: str) -> NDArray[np.int64]:
    head, data = uri.split(",")
    assert head == "data:image/webp;base64"
    return np.asarray(Pil.open(io.BytesIO(base64.b64decode(data)))).astype(np.int64)


def test_embedded_pictures_show_the_photo_and_its_hot_place(make_prediction: Callable[..., Any]) -> None:
    pixels = np.full((240, 320, 3), 120, dtype=np.uint8)
    pictures = embedded_pictures(Image(pixels=pixels, name="x", digest=""), make_prediction(peak=2.5))
    photo, heat_map = decoded(pictures.photo), decoded(pictures.heat_map)
    assert photo.shape == heat_map.shape == (pictures.height, pictures.width, 3) == (240, 320, 3)
    assert np.abs(photo - 120).max() <= 3
    difference = np.abs(heat_map - photo).max(axis=-1)
    # The hot square is a quarter to a half of the map in both directions.
    assert difference[75:105, 100:140].min() > 60
    assert difference[150:].max() <= 6


@pytest.mark.parametrize(
    ("shape", "dtype"), [((2000, 3000, 3), "uint8"), ((700, 500, 1), "uint16"), ((64, 64, 3), "float32")]
)
def test_even_pure_noise_stays_within_the_budget(
    make_image: Callable[..., Any], make_prediction: Callable[..., Any], shape: tuple[int, ...], dtype: str
) -> None:
    pictures = embedded_pictures(make_image(shape=shape, dtype=dtype), make_prediction(peak=2.0))
    assert len(pictures.photo) + len(pictures.heat_map) <= 40_000


@pytest.mark.parametrize(("shape", "size"), [((300, 300, 1), (608, 300)), ((300, 600, 3), (600, 608))])
def test_an_overlay_file_is_a_marked_jpeg(
    make_image: Callable[..., Any],
    make_prediction: Callable[..., Any],
    shape: tuple[int, ...],
    size: tuple[int, int],
) -> None:
    with Pil.open(io.BytesIO(overlay_file(make_image(shape=shape), make_prediction()))) as sheet:
        assert sheet.format == "JPEG"
        assert sheet.size == size
        assert sheet.info["comment"] == b"written by tenshot"


def test_a_gallery_keeps_the_highest_scores() -> None:
    gallery = Gallery(3)
    values = [5.0, 1.0, 7.0, 3.0, 7.0, 2.0]
    for index, score in enumerate(values):
        if gallery.wants(score):
            gallery.keep(index, score, Pictures(photo=str(index), heat_map="", width=1, height=1))
    assert {index: kept.photo for index, kept in gallery.pictures().items()} == {0: "0", 2: "2", 4: "4"}
