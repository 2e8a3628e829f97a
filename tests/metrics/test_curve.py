from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from tenshot.metrics import PixelCurve, curve, pixel_metrics


@pytest.mark.parametrize("chunk", [1, 40, 10**6])
def test_counts_at_every_level(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(curve, "CHUNK", chunk)
    random = np.random.default_rng(0)
    masks = random.random((5, 6, 7)) < 0.2
    maps = random.integers(-9, 9, masks.shape) + 3 * masks
    counted = PixelCurve.of(masks, maps)
    assert counted.levels.tolist() == sorted(set(maps[masks].tolist()))
    for index, level in enumerate(counted.levels):
        assert counted.anomalous[index] == np.sum(maps[masks] == level)
        assert counted.normal_at[index] == np.sum(maps[~masks] == level)
        assert counted.normal_above[index] == np.sum(maps[~masks] > level)
    assert counted.normal == np.sum(~masks)
    assert counted.overlap.sum() == pytest.approx(1)


def test_each_region_weighs_the_same() -> None:
    mask = np.zeros((2, 6, 6), dtype=bool)
    mask[0, 0, 0] = mask[0, 1, 1] = True  # one region, by its diagonal
    mask[1, 2:4, 2:5] = True
    heat = np.zeros(mask.shape)
    heat[0, 1, 1], heat[1, 2, 2:5] = 3, 2
    counted = PixelCurve.of(mask, heat)
    assert counted.levels.tolist() == [0, 2, 3]
    assert counted.overlap == pytest.approx([1 / 4 + 1 / 4, 1 / 4, 1 / 4])


def test_minus_zero_is_zero() -> None:
    counted = PixelCurve.of(np.array([[[1, 1, 0, 0]]]), np.array([[[-0.0, 0.0, -0.0, 0.0]]]))
    assert (counted.anomalous.tolist(), counted.normal_at.tolist()) == ([2], [2])


def test_precision_is_that_of_the_maps() -> None:
    mask = np.array([[[1, 0]]])
    given = (np.uint8, np.float16, np.float32, np.float64, np.int32)
    assert [PixelCurve.of(mask, np.ones((1, 1, 2), dtype)).levels.dtype for dtype in given] == [
        *[np.dtype(np.float32)] * 3,
        *[np.dtype(np.float64)] * 2,
    ]


def test_input_is_left_as_it_was() -> None:
    random = np.random.default_rng(0)
    masks, maps = random.random((2, 5, 5)) < 0.4, random.random((2, 5, 5), dtype=np.float32)
    before = maps.copy()
    pixel_metrics(masks, maps)
    assert np.array_equal(maps, before)


def test_memory_holds_no_sorted_copy_of_all_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curve, "CHUNK", 2**15)
    random = np.random.default_rng(0)
    masks = np.zeros((60, 128, 128), dtype=bool)
    masks[:, :20, :20] = True
    maps = random.random(masks.shape, dtype=np.float32)
    pixel_metrics(masks[:1], maps[:1])  # imports SciPy
    tracemalloc.start()
    pixel_metrics(masks, maps)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 0.8 * maps.nbytes
