from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tenshot.core.types import Image
from tenshot.reports.overlay import CALM, SATURATED, beside, contour, displayed, heat, overlaid, ratio_map

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


def luma(colours: NDArray[np.generic]) -> NDArray[np.float64]:
    return colours[..., :3].astype(np.float64) @ [0.2126, 0.7152, 0.0722]


def image_of(pixels: NDArray[np.generic]) -> Image:
    return Image(pixels=pixels, name="x", digest="")  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [0, 90, 255])
def test_a_calm_image_stays_as_it_is(value: int) -> None:
    photo = np.full((40, 50, 3), value, dtype=np.uint8)
    ratio = np.linspace(0, CALM, 40 * 50, dtype=np.float32).reshape(40, 50)
    assert np.abs(overlaid(photo, ratio).astype(int) - photo).max() <= 1


@pytest.mark.parametrize("value", [0, 90, 255])
def test_a_hot_place_is_clearly_visible_on_any_grey(value: int) -> None:
    photo = np.full((40, 50, 3), value, dtype=np.uint8)
    ratio = np.zeros((40, 50), dtype=np.float32)
    ratio[10:20, 10:20] = 2
    changed = np.abs(overlaid(photo, ratio).astype(int) - photo).max(axis=-1)
    assert changed[12:18, 12:18].min() > 60
    assert changed[25:].max() == 0


def test_colours_are_ordered_by_lightness_and_by_opacity() -> None:
    colours = heat(np.linspace(CALM, SATURATED, 200, dtype=np.float32))
    # Rounding to whole colours may cost a fraction of a level.
    assert (np.diff(luma(colours)) > -1).all()
    assert luma(colours)[-1] > luma(colours)[0] + 120
    assert (np.diff(colours[:, 3].astype(int)) >= 0).all()


def test_the_scale_is_fixed_and_saturates() -> None:
    ratio = np.array([0, 1, SATURATED, 100, np.inf], dtype=np.float32)
    colours = heat(ratio)
    assert colours[0, 3] == 0
    assert 40 < colours[1, 3] < 100
    np.testing.assert_array_equal(colours[3:], np.stack([colours[2]] * 2))
    np.testing.assert_array_equal(heat(ratio[1:2]), colours[1:2])


def test_the_line_surrounds_what_reaches_the_threshold() -> None:
    ratio = np.zeros((20, 20), dtype=np.float32)
    ratio[5:12, 6:14] = 1
    line, halo = contour(ratio)
    inside = ratio >= 1
    assert line.sum() == 2 * (7 + 8) - 4
    assert (inside[line]).all()
    assert not (inside & halo).any()
    assert halo.sum() == 2 * (7 + 8)


def test_a_place_at_the_border_is_not_lined_along_the_border() -> None:
    ratio = np.zeros((10, 10), dtype=np.float32)
    ratio[:, :4] = 2
    line, _ = contour(ratio)
    assert line[:, 3].all()
    assert not line[:, :3].any()


@pytest.mark.parametrize("shape", [(300, 500), (1000, 37), (256, 256)])
def test_a_single_hot_pixel_survives_a_small_picture(shape: tuple[int, int]) -> None:
    anomaly_map = np.zeros(shape, dtype=np.float32)
    anomaly_map[shape[0] // 3, shape[1] // 2] = 10.0
    ratio = ratio_map(anomaly_map, 5.0, size=(60, 80))
    assert ratio.shape == (60, 80)
    assert ratio.max() > 1
    assert ratio.max() <= 2


def test_a_map_is_enlarged_without_shift() -> None:
    anomaly_map = np.zeros((8, 8), dtype=np.float32)
    anomaly_map[2, 5] = 1
    ratio = ratio_map(anomaly_map, 1.0, size=(80, 160))
    rows, columns = np.nonzero(ratio > 0.5)
    assert rows.mean() == pytest.approx(24.5, abs=0.6)
    assert columns.mean() == pytest.approx(109.5, abs=0.6)


@pytest.mark.parametrize("map_threshold", [0.0, float("inf")])
def test_a_threshold_without_a_scale_gives_no_warning(map_threshold: float) -> None:
    anomaly_map = np.array([[0, 1], [2, 3]], dtype=np.float32)
    assert np.isfinite(ratio_map(anomaly_map, map_threshold, size=(4, 4))).all()


@pytest.mark.parametrize(
    ("size", "shown"),
    [((10, 20), (120, 240)), ((300, 200), (300, 200)), ((1000, 3000), (160, 480)), ((1, 999), (1, 480))],
)
def test_pictures_fit_the_page(size: tuple[int, int], shown: tuple[int, int]) -> None:
    picture = displayed(image_of(np.zeros((*size, 3), dtype=np.uint8)), max_side=480)
    assert picture.shape == (*shown, 3)


@pytest.mark.parametrize("channels", [1, 3])
def test_8_bit_images_are_shown_unchanged(channels: int) -> None:
    pixels = np.random.default_rng(0).integers(100, 110, (250, 260, channels), dtype=np.uint8)
    np.testing.assert_array_equal(displayed(image_of(pixels), max_side=480), np.broadcast_to(pixels, (250, 260, 3)))


def low_contrast(full_scale: float) -> NDArray[np.float64]:
    ramp = np.tile(np.linspace(0.30, 0.32, 300), (300, 1))[..., None]
    return ramp * full_scale


@pytest.mark.parametrize(
    "make",
    [lambda: low_contrast(65535).astype(np.uint16), lambda: low_contrast(1).astype(np.float32).repeat(3, axis=2)],
    ids=["uint16", "float32"],
)
def test_low_contrast_is_stretched_for_display(make: Callable[[], NDArray[np.generic]]) -> None:
    picture = displayed(image_of(make()), max_side=480)
    assert picture.min() == 0
    assert picture.max() == 255
    assert (np.diff(picture[0, :, 0].astype(int)) >= 0).all()


def test_a_16_bit_image_of_full_contrast_is_shown_linearly() -> None:
    ramp = np.tile(np.linspace(0, 65535, 300).astype(np.uint16), (300, 1))[..., None]
    picture = displayed(image_of(ramp), max_side=480)
    np.testing.assert_allclose(picture[0, :, 0], ramp[0, :, 0] / 257, atol=0.51)


def test_the_noise_of_a_blank_16_bit_image_is_not_blown_up() -> None:
    pixels = (30000 + np.random.default_rng(0).normal(0, 5, (300, 300, 1))).astype(np.uint16)
    assert displayed(image_of(pixels), max_side=480).std() < 10


@pytest.mark.parametrize(("shape", "sheet"), [((40, 50), (40, 108)), ((40, 90), (88, 90))])
def test_wide_pictures_are_put_under_each_other(shape: tuple[int, int], sheet: tuple[int, int]) -> None:
    photo = np.zeros((*shape, 3), dtype=np.uint8)
    assert beside(photo, photo).shape == (*sheet, 3)
