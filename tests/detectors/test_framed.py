"""The common half of the simple methods, with a method small enough to calculate by hand: brightness."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tenshot.calibration import fit_predictive
from tenshot.core.errors import ImageError, InputError, MissingError, SupportError
from tenshot.data.frames import to_tensor
from tenshot.data.images import read_image
from tenshot.detectors.framed import HALF_STRIDE, FramedDetector, Method, Normality
from tenshot.detectors.single_shot import SHIFT_FACTOR, moved

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from tenshot.core.types import Image


@dataclass
class Mean(Normality):
    """The mean frame. Score: mean absolute difference; map: the differences, mean over colours."""

    frame: Tensor
    sizes: list[tuple[int, int]] = field(default_factory=list)

    def judge(self, representation: Tensor, *, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        self.sizes.append(size)
        maps = (representation - self.frame).abs().mean(dim=1)
        return maps.flatten(1).mean(dim=1), maps


class Averaging(Method):
    image_size = 64

    def __init__(self, *, square: bool = False) -> None:
        self.square = square
        self.fits: list[int] = []

    @property
    def settings(self) -> dict[str, Any]:
        return {"image_size": self.image_size}

    def fit(self, support: Tensor) -> Mean:
        self.fits.append(len(support))
        return Mean(support.mean(dim=0))


@pytest.fixture
def method() -> Averaging:
    return Averaging()


@pytest.fixture
def detector(method: Averaging) -> FramedDetector:
    return FramedDetector(method)


def frames_of(images: list[Image]) -> Tensor:
    """As they are learned from: in half precision."""
    return torch.stack([to_tensor(image) for image in images]).half().float()


def test_every_normal_is_judged_by_what_was_learned_from_the_others(
    detector: FramedDetector, images: list[Image]
) -> None:
    support = frames_of(images[:5])
    adapted = detector.adapt(images[:5], false_alarm_rate=0.1)
    expected, peaks = [], []
    for index in range(5):
        others = torch.cat([support[:index], support[index + 1 :]]).mean(dim=0)
        difference = (support[index] - others).abs().mean(dim=0)
        expected.append(float(difference.mean()))
        peaks.append(float(difference.max()))
    assert adapted.verdicts.scores == pytest.approx(expected, rel=1e-5)
    assert adapted.verdicts.peaks == pytest.approx(peaks, rel=1e-5)
    assert adapted.threshold == pytest.approx(fit_predictive(expected).threshold(0.1), rel=1e-4)


def test_what_is_used_was_learned_from_all(detector: FramedDetector, images: list[Image]) -> None:
    (prediction,) = detector.adapt(images[:5]).predict(images[7])
    difference = (to_tensor(images[7]) - frames_of(images[:5]).mean(dim=0)).abs().mean(dim=0)
    assert prediction.score == pytest.approx(float(difference.mean()), rel=1e-5)
    np.testing.assert_allclose(prediction.anomaly_map, difference.numpy(), atol=1e-6)


def test_as_many_fits_as_normals_and_one_for_use(
    method: Averaging, detector: FramedDetector, images: list[Image]
) -> None:
    detector.adapt(images[:5])
    assert sorted(method.fits) == [4, 4, 4, 4, 4, 5]


def test_a_method_may_train_once_for_both(images: list[Image]) -> None:
    learned = Mean(torch.full((3, 64, 64), 0.5))

    class Once(Averaging):
        def learn(self, support: Tensor) -> tuple[Normality, list[tuple[Normality, int]]]:
            assert len(support) == 5
            return learned, [(learned, 3)]

    method = Once()
    adapted = FramedDetector(method).adapt(images[:5])
    assert adapted.normality is learned
    assert method.fits == []
    assert adapted.verdicts.scores == pytest.approx([float((frames_of(images[3:4]) - 0.5).abs().mean())], rel=1e-5)


def test_moved_copies_stand_in_for_a_second_normal(detector: FramedDetector, images: list[Image]) -> None:
    frame = frames_of(images[:1])
    shifts = [(moved(frame, step) - frame).abs().mean(dim=1) for step in (-HALF_STRIDE, HALF_STRIDE)]
    adapted = detector.adapt(images[0])
    assert adapted.verdicts.scores == pytest.approx([SHIFT_FACTOR * max(float(s.mean()) for s in shifts)], rel=1e-5)
    assert adapted.verdicts.peaks == pytest.approx([SHIFT_FACTOR * max(float(s.max()) for s in shifts)], rel=1e-5)


def test_the_same_picture_twice_is_one_picture(detector: FramedDetector, images: list[Image]) -> None:
    alone, twice = detector.adapt(images[:1]), detector.adapt([images[0], images[0]])
    assert alone.verdicts == twice.verdicts


@pytest.mark.parametrize(("square", "size"), [(False, (88, 48)), (True, (64, 64))])
def test_frames_follow_the_photos_unless_they_must_be_square(
    square: bool, size: tuple[int, int], photo: Callable[..., NDArray[np.uint8]]
) -> None:
    adapted = FramedDetector(Averaging(square=square)).adapt([photo(seed, (150, 80)) for seed in range(3)])
    assert adapted.framing.size == size
    (prediction,) = adapted.predict(photo(5, (40, 40)))
    assert prediction.anomaly_map.shape == size, "a photo of another shape is brought to that of the normal ones"
    assert isinstance(adapted.normality, Mean)
    assert adapted.normality.sizes == [size]


def test_a_method_may_see_frames_otherwise(images: list[Image]) -> None:
    class Coarse(Averaging):
        def represent(self, frames: Tensor) -> Tensor:
            assert frames.dtype == torch.float32
            assert not torch.is_grad_enabled()
            return F.avg_pool2d(frames, 8)

    adapted = FramedDetector(Coarse()).adapt(images[:3])
    (prediction,) = adapted.predict(images[4])
    assert isinstance(adapted.normality, Mean)
    assert adapted.normality.frame.shape == (3, 8, 8)
    assert prediction.anomaly_map.shape == (8, 8)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_a_method_can_train_whatever_mode_the_caller_is_in(mode: Callable[[], Any], images: list[Image]) -> None:
    class Descending(Averaging):
        def fit(self, support: Tensor) -> Mean:
            level = torch.zeros(3, 1, 1, requires_grad=True)
            (slope,) = torch.autograd.grad((support - level).square().mean(), level)
            return Mean((level - slope).detach().expand(support.shape[1:]))

    detector = FramedDetector(Descending())
    outside = detector.adapt(images[:3])
    with mode():
        inside = detector.adapt(images[:3])
        (prediction,) = inside.predict(images[3])
    assert inside.verdicts == outside.verdicts
    assert prediction.score == outside.predict(images[3])[0].score


def test_predictions_come_in_order_and_say_what_calibration_says(detector: FramedDetector, images: list[Image]) -> None:
    adapted = detector.adapt(images[:5])
    predictions = adapted.predict(images[5:])
    assert [each.name for each in predictions] == [image.name for image in images[5:]]
    for each in predictions:
        assert each.threshold == adapted.threshold
        assert each.map_threshold == adapted.verdicts.map_threshold
        assert each.p_value == fit_predictive(adapted.verdicts.scores).p_value(each.score)
        assert each.is_anomalous == (each.score > each.threshold)


@pytest.mark.parametrize("rate", [0, 1, -0.1, 1.5, float("nan")])
def test_a_rate_outside_its_range(rate: float, detector: FramedDetector, images: list[Image]) -> None:
    with pytest.raises(InputError, match="false_alarm_rate: expected a number between 0 and 1, got"):
        detector.adapt(images[:3], false_alarm_rate=rate)


def test_no_images(detector: FramedDetector) -> None:
    with pytest.raises(SupportError, match="normal images: expected at least one usable image, got none"):
        detector.adapt([])


def test_images_that_teach_nothing(detector: FramedDetector, images: list[Image]) -> None:
    with pytest.raises(SupportError, match="image 2"):
        detector.adapt([images[0], np.zeros((64, 64, 3), np.uint8)])


def test_grey_and_colour_mixed(detector: FramedDetector, images: list[Image]) -> None:
    grey = read_image(images[1].pixels[:, :, 0], name="the grey one")
    with pytest.raises(SupportError, match=r"all grey or all colour: 1 are grey \(the grey one"):
        detector.adapt([images[0], grey])


def test_images_that_cannot_be_judged(detector: FramedDetector, images: list[Image], tmp_path: Path) -> None:
    adapted = detector.adapt(images[:3])
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    with pytest.raises(ImageError, match=r"broken\.png"):
        adapted.predict([images[0], broken])
    with pytest.raises(MissingError, match=r"nowhere\.png"):
        adapted.predict(tmp_path / "nowhere.png")


def test_settings_are_those_of_the_method(detector: FramedDetector) -> None:
    assert detector.settings == {"image_size": 64}
