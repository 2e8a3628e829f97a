from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from tenshot.core.errors import SupportError
from tenshot.detectors.adaptive_energy.judging import hold_out
from tenshot.detectors.single_shot import SHIFT_FACTOR

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tenshot import Detector
    from tenshot.core.types import Image

# Settings under which leaving a shot out and never having had it are the very same dictionary: every shot keeps its
# share and its groups, and the active set is searched in all dimensions.
EXACT = {"dictionary": {"atoms": None}}


@pytest.mark.parametrize(
    "changes",
    [
        {"coding": {"method": "nearest"}},
        {"coding": {"method": "local", "active_atoms": 3, "search_dims": 10_000, "code_dims": 10_000}},
        {"coding": {"method": "active", "active_atoms": 3, "search_dims": 10_000, "code_dims": 10_000}},
        {"coding": {"method": "nearest", "receptive_field": 3}},
        {"coding": {"method": "nearest"}, "scoring": {"score": "energy"}},
        {"coding": {"method": "nearest"}, "scoring": {"map": "gradient"}},
        {"coding": {"method": "nearest", "normalise": False}},
    ],
    ids=str,
)
def test_a_held_out_shot_scores_as_if_it_had_never_been_taught(
    changes: dict[str, Any], detector_of: Callable[..., Detector], images: list[Image]
) -> None:
    whole = detector_of(**EXACT, **changes).adapt(images[:4])
    for shot, image in zip(whole.support, images, strict=False):
        (judged,) = whole.remove(shot.id).predict(image)
        # What is held out was rounded to half precision, what is predicted was not.
        assert shot.score == pytest.approx(judged.score, rel=5e-3)
        assert shot.score > 0


def test_with_the_region_and_in_tiles_too(
    detector_of: Callable[..., Detector], photo: Callable[..., NDArray[np.uint8]]
) -> None:
    roi = np.zeros((80, 120), np.uint8)
    roi[20:60, 10:100] = 255
    detector = detector_of(**EXACT, tile=60, coding={"method": "nearest"})
    photos = [photo(seed, (80, 120)) for seed in range(3)]
    whole = detector.adapt(photos, roi=roi)
    for shot, pixels in zip(whole.support, photos, strict=True):
        (judged,) = whole.remove(shot.id).predict(pixels)
        assert shot.score == pytest.approx(judged.score, rel=5e-3)


def test_peaks_are_the_largest_map_values(detector_of: Callable[..., Detector], images: list[Image]) -> None:
    # The strengths of layers are those of all shots, so maps agree only about as well as shots do.
    whole = detector_of(**EXACT, coding={"method": "nearest"}).adapt(images[:4])
    for peak, shot, image in zip(whole.task.peaks, whole.support, images, strict=False):
        (judged,) = whole.remove(shot.id).predict(image)
        assert peak == pytest.approx(float(judged.anomaly_map.max()), rel=0.05)


def test_a_single_shot_is_judged_by_moved_copies(detector: Detector, images: list[Image]) -> None:
    adapted = detector.adapt(images[:1])
    (shot,) = adapted.support
    pixels = images[0].pixels
    assert pixels.shape[:2] == adapted.task.framing.size
    margin = detector.extractor.spec.grid_stride // 2
    padded = np.pad(pixels, ((margin, margin), (margin, margin), (0, 0)), mode="reflect")
    height, width = pixels.shape[:2]
    up_right = padded[2 * margin :, :width]
    down_left = padded[:height, 2 * margin :]
    moved = [adapted.predict(np.ascontiguousarray(copy))[0].score for copy in (up_right, down_left)]
    assert shot.score == pytest.approx(SHIFT_FACTOR * max(moved), rel=5e-3)
    assert adapted.predict(images[0])[0].score < 0.1 * shot.score, "it remembers the photo itself"


def test_a_single_shot_without_its_image_cannot_be_judged(detector: Detector, images: list[Image]) -> None:
    adapted = detector.adapt(images[:1])
    (shot,) = adapted.task.shots
    assert shot.frames is not None
    with pytest.raises(SupportError, match="photo 0: a single normal image is left and cannot be held out"):
        hold_out(adapted.path, [replace(shot, frames=None)], 0)


def test_the_worst_frame_of_a_photo_is_its_score(
    detector_of: Callable[..., Detector], photo: Callable[..., NDArray[np.uint8]]
) -> None:
    adapted = detector_of(tile=64).adapt([photo(seed, (64, 160)) for seed in range(3)])
    pixels = photo(9, (64, 160), defect=(slice(30, 44), slice(130, 144)))
    frames = adapted.task.framing.cut(torch.tensor(pixels).permute(2, 0, 1) / 255)
    scores = [float(adapted.path(frame[None])[0]) for frame in frames]
    assert len(scores) > 1
    assert adapted.predict(pixels)[0].score == pytest.approx(max(scores))
    assert max(scores) == scores[-1]
