from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, jaccard_score, roc_auc_score

from tenshot.core.errors import InputError
from tenshot.metrics import aupro, miou, pixel_auroc, pixel_average_precision, pixel_metrics

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Metric = Callable[..., float]


def regions_by_flooding(mask: NDArray[np.bool_]) -> list[list[tuple[int, int]]]:
    """8-connected regions, pixel by pixel."""
    left = {(int(y), int(x)) for y, x in np.argwhere(mask)}
    regions = []
    while left:
        region, border = [], [left.pop()]
        while border:
            y, x = border.pop()
            region.append((y, x))
            around = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= around
            border += around
        regions.append(region)
    return regions


def aupro_by_thresholds(masks: NDArray[np.bool_], maps: NDArray[Any], limit: float) -> float:
    """The curve drawn threshold by threshold, cut at the limit by interpolation, summed by trapezoids."""
    regions = [(i, region) for i, mask in enumerate(masks) for region in regions_by_flooding(mask)]
    curve = [(0.0, 0.0)]
    for threshold in sorted(set(maps.ravel().tolist()), reverse=True):
        found = maps >= threshold
        overlap = np.mean([np.mean([found[i][pixel] for pixel in region]) for i, region in regions])
        curve.append((float(found[~masks].mean()), float(overlap)))
    area = 0.0
    for (x0, y0), (x1, y1) in itertools.pairwise(curve):
        if x0 < limit and x1 > x0:
            end = min(x1, limit)
            area += (end - x0) * (y0 + y0 + (y1 - y0) * (end - x0) / (x1 - x0)) / 2
    return area / limit


def case(seed: int, *, levels: int, count: int = 3, size: int = 7) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    random = np.random.default_rng(seed)
    masks = random.random((count, size, size)) < 0.3
    masks[0, 0, :2] = (True, False)
    maps = random.integers(0, levels, masks.shape) + masks * (levels // 3)
    return masks, maps.astype(np.float32)


@settings(deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([2, 5, 100, 10_000]), st.sampled_from([0.01, 0.05, 0.3, 0.7, 1.0]))
def test_aupro_equals_the_slow_curve(seed: int, levels: int, limit: float) -> None:
    masks, maps = case(seed, levels=levels)
    assert aupro(masks, maps, fpr_limit=limit) == pytest.approx(aupro_by_thresholds(masks, maps, limit), abs=1e-12)


@given(st.integers(0, 10_000), st.sampled_from([2, 5, 100, 10_000]))
def test_pixel_auroc_equals_scikit_learn(seed: int, levels: int) -> None:
    masks, maps = case(seed, levels=levels)
    assert pixel_auroc(masks, maps) == pytest.approx(roc_auc_score(masks.ravel(), maps.ravel()))


@given(st.integers(0, 10_000), st.sampled_from([2, 5, 100, 10_000]))
def test_average_precision_equals_scikit_learn(seed: int, levels: int) -> None:
    masks, maps = case(seed, levels=levels)
    expected = average_precision_score(masks.ravel(), maps.ravel())
    assert pixel_average_precision(masks, maps) == pytest.approx(expected)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([2, 5, 100]))
def test_miou_equals_the_best_of_all_thresholds_by_scikit_learn(seed: int, levels: int) -> None:
    masks, maps = case(seed, levels=levels)
    overlaps = [jaccard_score(masks.ravel(), maps.ravel() >= threshold) for threshold in np.unique(maps)]
    assert miou(masks, maps) == pytest.approx(max(overlaps))


def test_miou_by_hand() -> None:
    mask = np.array([[[1, 1, 0, 0, 0]]])
    assert miou(mask, np.array([[[5, 3, 4, 2, 1]]])) == pytest.approx(2 / 3)  # from 3 upwards; from 5 it is 1/2
    assert miou(mask, np.array([[[5, 1, 4, 3, 2]]])) == pytest.approx(1 / 2)
    assert miou(mask, np.zeros((1, 1, 5))) == pytest.approx(2 / 5)


@pytest.mark.parametrize("limit", [0.05, 0.3, 1.0])
def test_all_at_once_is_each_by_itself(limit: float) -> None:
    masks, maps = case(1, levels=20)
    figures = pixel_metrics(masks, maps, fpr_limit=limit)
    assert figures.auroc == pixel_auroc(masks, maps)
    assert figures.average_precision == pixel_average_precision(masks, maps)
    assert figures.aupro == aupro(masks, maps, fpr_limit=limit)
    assert figures.miou == miou(masks, maps)


def test_images_may_differ_in_size() -> None:
    (small, small_map), (large, large_map) = case(0, levels=9, count=1), case(1, levels=9, count=1, size=12)
    masks, maps = [small[0], large[0]], [small_map[0], large_map[0]]
    flat = [np.concatenate([a.ravel() for a in arrays]) for arrays in (masks, maps)]
    assert pixel_auroc(masks, maps) == pytest.approx(roc_auc_score(*flat))
    assert 0 < aupro(masks, maps) < 1


def test_perfect_inverted_and_flat_maps() -> None:
    masks, _ = case(0, levels=2)
    for metric in (pixel_auroc, aupro):
        assert metric(masks, masks.astype(float)) == pytest.approx(1)
        assert metric(masks, -masks.astype(float)) == pytest.approx(0)
    assert pixel_auroc(masks, np.zeros(masks.shape)) == pytest.approx(0.5)
    assert aupro(masks, np.zeros(masks.shape)) == pytest.approx(0.15)
    assert aupro(masks, np.zeros(masks.shape), fpr_limit=1) == pytest.approx(0.5)


def test_small_defects_count_as_much_as_large_ones() -> None:
    mask = np.zeros((1, 20, 20), dtype=bool)
    mask[0, :10, :10] = True
    mask[0, 15, 15] = True
    heat = np.zeros(mask.shape)
    heat[0, :10, :10] = 1  # finds the large one and misses the single pixel, which then ties with all that is normal
    assert aupro(mask, heat) == pytest.approx(0.5 * 1 + 0.5 * 0.15)
    assert pixel_auroc(mask, heat) > 0.99


def test_diagonal_neighbours_are_one_region() -> None:
    mask = np.zeros((1, 6, 6), dtype=bool)
    mask[0, 0, 0] = mask[0, 1, 1] = mask[0, 4, 4] = True
    heat = np.zeros(mask.shape)
    heat[0, 4, 4] = 1  # one of two regions, not one of three
    assert aupro(mask, heat, fpr_limit=0.5) == pytest.approx(0.5 * 1 + 0.5 * 0.25)


@pytest.mark.parametrize("metric", [pixel_auroc, pixel_average_precision, aupro, miou])
def test_scale_does_not_count(metric: Metric) -> None:
    random = np.random.default_rng(0)
    masks, _ = case(0, levels=2, size=30)
    maps = random.random(masks.shape) + masks * 0.3
    for scale in (1e-30, 1e-4, 1e2, 1e9):
        assert metric(masks, maps * scale) == pytest.approx(metric(masks, maps), rel=1e-9)
    assert metric(masks, (maps * 1e-4).astype(np.float32)) == pytest.approx(metric(masks, maps), rel=1e-4)


@settings(deadline=None)
@given(st.integers(0, 10_000), st.floats(1e-8, 1e8), st.floats(-1e3, 1e3), st.sampled_from([np.float32, np.float64]))
def test_rising_maps_of_the_values_change_nothing(
    seed: int, scale: float, offset: float, dtype: type[np.floating[Any]]
) -> None:
    masks, maps = case(seed, levels=[2, 5, 100][seed % 3])
    expected = pixel_metrics(masks, maps)
    assert pixel_metrics(masks, (maps * scale).astype(dtype)) == expected
    assert pixel_metrics(masks, (np.exp(maps / 10) - 2).astype(dtype)) == expected
    assert pixel_metrics(masks, maps.astype(np.float64) + offset) == expected


def test_maps_of_whole_numbers_and_of_mixed_precision() -> None:
    masks, maps = case(0, levels=50)
    expected = pixel_metrics(masks, maps)
    assert pixel_metrics(masks, maps.astype(np.uint8)) == expected
    assert pixel_metrics(masks.astype(np.uint8) * 255, maps.astype(np.int64)) == expected
    assert pixel_metrics(list(masks), [maps[0].astype(np.float16), maps[1].astype(float), maps[2]]) == expected


def test_close_doubles_are_told_apart() -> None:
    mask = np.array([[[True, False]]])
    assert pixel_auroc(mask, 1 + np.array([[[1e-12, 0]]])) == 1
    assert pixel_auroc(mask, 1 + np.array([[[0, 1e-12]]])) == 0


@pytest.mark.parametrize("metric", [pixel_auroc, pixel_average_precision, aupro, miou])
@pytest.mark.parametrize(
    ("masks", "maps", "words"),
    [
        (np.eye(3)[None], np.full((1, 3, 3), np.nan), "map 0: values must be finite"),
        (np.eye(3)[None], np.full((1, 3, 3), np.inf), "finite"),
        (np.zeros((1, 3, 3)), np.zeros((1, 3, 3)), "0 anomalous of 9"),
        (np.ones((2, 3, 3)), np.zeros((2, 3, 3)), "18 anomalous of 18"),
        ([], [], "0 anomalous of 0"),
        (np.eye(3)[None], np.zeros((2, 3, 3)), "1 masks and 2 maps"),
        ([np.eye(3), np.eye(3)], [np.eye(3), np.eye(4)], "map 1: .*(3, 3), (4, 4)"),
        (np.eye(3), np.eye(3), "map 0: .*(3,), (3,)"),
        (np.eye(3)[None], np.full((1, 3, 3), "high"), "map 0: values must be real numbers, got <U4"),
        (np.eye(3)[None], np.full((1, 3, 3), 1j), "real numbers, got complex128"),
    ],
)
def test_refused(metric: Metric, masks: Any, maps: Any, words: str) -> None:
    with pytest.raises(InputError, match=words.replace("(", r"\(").replace(")", r"\)")):
        metric(masks, maps)


@pytest.mark.parametrize("limit", [0, -0.1, 1.1, np.nan])
def test_limit_outside_its_range(limit: float) -> None:
    with pytest.raises(InputError, match="fpr_limit must lie in"):
        aupro(np.eye(3)[None], np.eye(3)[None], fpr_limit=limit)
