from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from tenshot.core.errors import InputError
from tenshot.detectors.entries import Materials
from tenshot.detectors.image_difference import Background, BackgroundSettings, Difference, DifferenceSettings
from tenshot.detectors.registry import find_entry

EXACT = {"pixels": {"prefilter": 0}, "scoring": {"smoothing": 0, "worst_share": 0.1}}


def frames(count: int, *, seed: int = 0, size: tuple[int, int] = (16, 24)) -> torch.Tensor:
    return torch.rand(count, 3, *size, generator=torch.Generator().manual_seed(seed))


def difference() -> Difference:
    return Difference(DifferenceSettings.model_validate(EXACT))


def background(*, floor: float = 0.02) -> Background:
    return Background(BackgroundSettings.model_validate(EXACT | {"pixels": {"prefilter": 0, "floor": floor}}))


def worst_tenth(distances: np.ndarray) -> np.ndarray:
    rows = np.sort(distances.reshape(len(distances), -1), axis=1)[:, ::-1]
    return rows[:, : round(0.1 * rows.shape[1])].mean(axis=1)


@pytest.mark.parametrize("shots", [1, 2, 5])
def test_differencing_is_the_colour_distance_to_the_closest_shot(shots: int) -> None:
    support, queries = frames(shots), frames(3, seed=1)
    scores, maps = difference().fit(support).judge(queries, size=(16, 24))
    pairs = queries.numpy()[:, None] - support.numpy()[None]
    expected = np.sqrt((pairs**2).mean(axis=2)).min(axis=1)
    np.testing.assert_allclose(maps.numpy(), expected, rtol=1e-5)
    np.testing.assert_allclose(scores.numpy(), worst_tenth(expected), rtol=1e-5)


@pytest.mark.parametrize("shots", [1, 2, 5, 6])
def test_subtraction_is_in_robust_deviations_from_the_median(shots: int) -> None:
    support, queries = frames(shots), frames(3, seed=1)
    _, maps = background(floor=0.05).fit(support).judge(queries, size=(16, 24))
    values = support.numpy()
    centre = np.median(values, axis=0)
    spread = 1.4826 * np.median(np.abs(values - centre), axis=0)
    deviations = (queries.numpy() - centre) / np.maximum(spread, 0.05)
    np.testing.assert_allclose(maps.numpy(), np.sqrt((deviations**2).mean(axis=1)), rtol=1e-4)


def test_the_robust_deviation_of_normal_noise_is_its_standard_deviation() -> None:
    noise = 0.5 + 0.07 * torch.randn(401, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    learned = background(floor=1e-6).fit(noise)
    assert float(learned.spread.mean()) == pytest.approx(0.07, rel=0.02)


def test_one_odd_shot_does_not_move_the_background() -> None:
    support = frames(1).expand(5, -1, -1, -1).clone()
    support[2] = 1 - support[2]
    scores, _ = background().fit(support).judge(support, size=(16, 24))
    assert scores[[0, 1, 3, 4]].tolist() == [0, 0, 0, 0]
    assert scores[2] > 1


def test_what_was_seen_before_is_at_no_distance() -> None:
    support = frames(4)
    scores, maps = difference().fit(support).judge(support, size=(16, 24))
    assert scores.tolist() == [0, 0, 0, 0]
    assert not maps.any()


def test_grey_and_colour_differences_are_on_one_scale() -> None:
    black, white = torch.zeros(1, 3, 16, 16), torch.ones(1, 3, 16, 16)
    scores, maps = difference().fit(black).judge(white, size=(16, 16))
    assert scores.tolist() == [1]
    assert maps.unique().tolist() == [1]


def test_frames_are_smoothed_before_and_maps_after() -> None:
    method = Difference(DifferenceSettings.model_validate({"pixels": {"prefilter": 1.5}, "scoring": {"smoothing": 3}}))
    support, query = frames(1), frames(1, seed=1)
    seen = [method.represent(each).numpy()[0] for each in (support, query)]
    smooth = [
        [ndimage.gaussian_filter(channel, 1.5, mode="mirror", radius=5) for channel in each[0].numpy()]
        for each in (support, query)
    ]
    np.testing.assert_allclose(np.stack(seen), np.stack(smooth), atol=1e-5)
    _, maps = method.fit(torch.tensor(seen[0])[None]).judge(torch.tensor(seen[1])[None], size=(16, 24))
    distance = np.sqrt(((seen[0] - seen[1]) ** 2).mean(axis=0))
    np.testing.assert_allclose(
        maps[0].numpy(), ndimage.gaussian_filter(distance, 3, mode="mirror", radius=9), atol=1e-5
    )


@pytest.mark.parametrize("name", ["difference", "background"])
def test_an_extractor_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="extractor: expected none"):
        find_entry(name).build(Materials(extractors=lambda _: pytest.fail("no network"), extractor="resnet10"))


def test_the_floor_belongs_to_the_background() -> None:
    changes = {"pixels": {"floor": 0.1}}
    find_entry("background").build(Materials(extractors=lambda _: pytest.fail("no network"), changes=changes))
    with pytest.raises(InputError, match=r"pixels\.floor"):
        find_entry("difference").build(Materials(extractors=lambda _: pytest.fail("no network"), changes=changes))
