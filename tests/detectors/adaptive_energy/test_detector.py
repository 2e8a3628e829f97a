from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tenshot import Adapted, Detector, DetectorConfig
from tenshot.core.config import ExtractorConfig, settings
from tenshot.core.errors import ExtractorError, InputError, MissingError, SupportError
from tenshot.data.images import read_image
from tenshot.features import build_extractor
from tenshot.features.adapter import AdaptedExtractor, Adapter
from tenshot.features.adapter_file import adapter_facts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from tenshot.core.types import Image
    from tenshot.features import Extractor


def bytes_of(adapted: Adapted, folder: Path) -> bytes:
    return adapted.save(folder / "task").read_bytes()


def hottest(adapted: Adapted, pixels: NDArray[Any]) -> tuple[float, float]:
    """The hottest place of the map, as shares of height and width."""
    heat = adapted.predict(pixels)[0].anomaly_map
    y, x = np.unravel_index(heat.argmax(), heat.shape)
    return float(y / heat.shape[0]), float(x / heat.shape[1])


# --- finding defects -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        *({"coding": {"method": method}} for method in ("local", "active", "full", "nearest")),
        {"coding": {"method": "active", "shrinkage": "sigshrink"}},
        {"coding": {"method": "local", "normalise": False}},
        {"coding": {"receptive_field": 3}},
        {"scoring": {"score": "energy"}},
        {"scoring": {"map": "gradient"}},
        {"scoring": {"map": "gradient", "score": "energy"}},
        *({"dictionary": {"augment": augment}} for augment in ("flips", "rotations", "all")),
        {"dictionary": {"atoms": None}},
    ],
    ids=str,
)
def test_every_setting_finds_a_torn_place(
    changes: dict[str, Any], detector_of: Callable[..., Detector], images: list[Image], torn: NDArray[np.uint8]
) -> None:
    adapted = detector_of(**changes).adapt(images[:5])
    fine, bad = adapted.predict([images[7], torn])
    assert bad.score > fine.score
    assert bad.is_anomalous
    y, x = hottest(adapted, torn)
    assert 32 / 64 <= y < 54 / 64
    assert 8 / 64 <= x < 30 / 64


def test_the_default_extractor_finds_it_too(photo: Callable[..., NDArray[np.uint8]]) -> None:
    detector = Detector.from_pretrained(config=DetectorConfig(image_size=96))
    assert detector.extractor.spec.name == "efficientnet_lite0"
    adapted = detector.adapt([photo(seed, (96, 96)) for seed in range(4)])
    where = (slice(50, 70), slice(20, 40))
    fine, bad = adapted.predict([photo(9, (96, 96)), photo(9, (96, 96), defect=where)])
    assert bad.is_anomalous
    assert not fine.is_anomalous
    y, x = hottest(adapted, photo(9, (96, 96), defect=where))
    assert 50 / 96 <= y < 70 / 96
    assert 20 / 96 <= x < 40 / 96


@pytest.mark.parametrize("shots", [1, 2, 3])
def test_few_shots_will_do(shots: int, detector: Detector, images: list[Image], torn: NDArray[np.uint8]) -> None:
    adapted = detector.adapt(images[:shots])
    assert [shot.name for shot in adapted.support] == [f"photo {n}" for n in range(shots)]
    fine, bad = adapted.predict([images[7], torn])
    assert bad.score > 1.5 * fine.score
    assert not fine.is_anomalous
    assert bad.is_anomalous or shots == 1, "mirrored, this texture is another one: with one photo the threshold is high"
    assert any("fewer than four normal images" in note for note in adapted.notes)


def test_a_small_defect_in_a_large_photo_is_found_in_tiles(
    detector_of: Callable[..., Detector], photo: Callable[..., NDArray[np.uint8]]
) -> None:
    size, where = (160, 400), (slice(98, 110), slice(308, 320))
    normals = [photo(seed, size) for seed in range(3)]
    bad = photo(9, size, defect=where)
    tiled = detector_of(tile=64).adapt(normals)
    (judged,) = tiled.predict(bad)
    assert judged.anomaly_map.shape == size, "tiles of 64 pixels at 64 pixels: the map has the scale of the photo"
    assert judged.is_anomalous
    assert hottest(tiled, bad) == (pytest.approx(104 / 160, abs=9 / 160), pytest.approx(314 / 400, abs=9 / 400))
    whole = detector_of().adapt(normals)
    assert whole.predict(bad)[0].score < judged.score, "seen whole, it is harder to see"
    assert not tiled.predict(photo(10, size))[0].is_anomalous


# --- regions -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def near_sighted() -> Extractor:
    """A network that sees nothing from afar; the group normalisation of the ResNet-10 looks at all of an image."""
    return build_extractor(ExtractorConfig(layers=(0, 1)))


@pytest.mark.parametrize("scoring", [{"map": "residual"}, {"map": "gradient"}, {"score": "energy"}], ids=str)
def test_what_is_outside_the_region_does_not_count(
    scoring: dict[str, Any], near_sighted: Extractor, photo: Callable[..., NDArray[np.uint8]]
) -> None:
    roi = np.zeros((64, 128), np.uint8)
    roi[:, 64:] = 255
    detector = Detector(near_sighted, settings({"image_size": 90, "scoring": {"smoothing": 2.0, **scoring}}))
    adapted = detector.adapt([photo(seed, (64, 128)) for seed in range(4)], roi=roi)
    fine, outside, inside = adapted.predict(
        [
            photo(9, (64, 128)),
            photo(9, (64, 128), defect=(slice(20, 34), slice(4, 18))),
            photo(9, (64, 128), defect=(slice(20, 34), slice(90, 104))),
        ]
    )
    assert outside.score == pytest.approx(fine.score, rel=1e-3)
    assert inside.score > 1.5 * outside.score
    assert inside.is_anomalous
    for each in (fine, outside, inside):
        assert each.anomaly_map[:, :64].max() == 0
        assert each.anomaly_map[:, 64:].max() > 0


def test_what_normals_show_outside_the_region_is_not_learned(
    near_sighted: Extractor, photo: Callable[..., NDArray[np.uint8]]
) -> None:
    roi = np.zeros((64, 128), np.uint8)
    roi[:, 64:] = 255
    detector = Detector(near_sighted, settings({"image_size": 90}))
    plain = [photo(seed, (64, 128)) for seed in range(3)]
    messy = [photo(seed, (64, 128), defect=(slice(20, 34), slice(4, 18))) for seed in range(3)]
    scores = [detector.adapt(photos, roi=roi).task.scores for photos in (plain, messy)]
    assert scores[0] == pytest.approx(scores[1], rel=1e-3)


def test_regions_come_in_every_form_and_size(detector: Detector, images: list[Image], tmp_path: Path) -> None:
    from PIL import Image as Pillow

    small = np.zeros((8, 8), bool)
    small[:, 4:] = True
    large = np.kron(small, np.ones((20, 20), bool))
    Pillow.fromarray(large).save(tmp_path / "roi.png")
    forms = [small, large, large.astype(np.float32), tmp_path / "roi.png", np.dstack([large * np.uint8(200)] * 3)]
    scores = {detector.adapt(images[:2], roi=form).task.scores for form in forms}
    assert len(scores) == 1
    assert scores != {detector.adapt(images[:2]).task.scores}


@pytest.mark.parametrize("roi", [np.zeros((9, 9), np.uint8), np.full((9, 9), 100, np.uint8)], ids=["black", "dark"])
def test_a_region_without_a_bright_pixel_is_refused(
    roi: NDArray[np.uint8], detector: Detector, images: list[Image]
) -> None:
    with pytest.raises(InputError, match="region of interest image 1: expected a mask that is bright where it matters"):
        detector.adapt(images[:2], roi=roi)


def test_a_region_smaller_than_a_cell_is_refused(detector: Detector, images: list[Image]) -> None:
    roi = np.zeros((64, 64), np.uint8)
    roi[30:33, 30:33] = 255
    with pytest.raises(SupportError, match="photo 0: the region of interest is too small"):
        detector.adapt(images[:2], roi=roi)
    with pytest.raises(SupportError, match="photo 0: the region of interest is too small"):
        detector.adapt(images[:2], roi=roi, select=1)


# --- shapes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "frame"), [((64, 256), (32, 128)), ((300, 40), (128, 32)), ((90, 100), (64, 64))])
def test_frames_follow_the_shape_of_the_photos(
    size: tuple[int, int], frame: tuple[int, int], detector: Detector, photo: Callable[..., NDArray[np.uint8]]
) -> None:
    adapted = detector.adapt([photo(seed, size) for seed in range(3)])
    (judged,) = adapted.predict(photo(9, size))
    assert judged.anomaly_map.shape == frame
    assert not judged.is_anomalous


def test_mixed_sizes_and_strips_in_one_task(
    detector: Detector, photo: Callable[..., NDArray[np.uint8]], torn: NDArray[np.uint8]
) -> None:
    adapted = detector.adapt([photo(seed, (60 + seed, 70 - seed)) for seed in range(4)])
    assert adapted.predict(torn)[0].is_anomalous
    assert adapted.predict(photo(3, (10, 400)))[0].anomaly_map.shape == adapted.task.framing.size


def test_grey_photos_and_tiles_of_mixed_number(
    detector_of: Callable[..., Detector], photo: Callable[..., NDArray[np.uint8]]
) -> None:
    sizes = [(64, 64), (64, 120), (130, 64)]
    adapted = detector_of(tile=64).adapt([photo(seed, size)[..., 0] for seed, size in enumerate(sizes)])
    assert [shot.features.shape[1] for shot in adapted.task.shots] == [1, 3, 3]
    assert len({len(shot.order) for shot in adapted.task.shots}) == 1
    assert np.isfinite(adapted.predict(photo(9, (64, 200))[..., 0])[0].score)


# --- the same again ------------------------------------------------------------------------------------------------


def test_the_same_input_gives_the_same_bytes(detector: Detector, files: list[Path], tmp_path: Path) -> None:
    first = bytes_of(detector.adapt(files, roi=files[0]), tmp_path)
    torch.rand(3)
    again = Detector.from_pretrained("resnet10", config=detector.config).adapt(map(str, files), roi=files[0])
    assert bytes_of(again, tmp_path) == first


def test_a_detector_serves_several_threads_and_tasks(detector: Detector, images: list[Image], tmp_path: Path) -> None:
    groups = [images[start : start + 3] for start in range(4)] * 2
    expected = [bytes_of(detector.adapt(group), tmp_path) for group in groups]
    with ThreadPoolExecutor(4) as pool:
        adapted = list(pool.map(detector.adapt, groups))
    assert [bytes_of(each, tmp_path) for each in adapted] == expected


def test_adapting_draws_from_no_global_generator(detector: Detector, images: list[Image]) -> None:
    before = torch.get_rng_state()
    detector.adapt(images[:2])
    assert torch.equal(torch.get_rng_state(), before)


def test_what_is_given_is_not_changed(detector: Detector, photo: Callable[..., NDArray[np.uint8]]) -> None:
    pixels = [photo(seed) / 255 for seed in range(2)]
    before = [each.copy() for each in pixels]
    detector.adapt(pixels).predict(pixels)
    assert all(np.array_equal(one, other) for one, other in zip(pixels, before, strict=True))


# --- choosing ------------------------------------------------------------------------------------------------------


def test_representative_photos_are_chosen_and_the_reasons_kept(
    detector: Detector, images: list[Image], photo: Callable[..., NDArray[np.uint8]]
) -> None:
    others = [read_image(255 - photo(seed), name=f"negative {seed}") for seed in range(3)]
    adapted = detector.adapt([*images[:5], *others], select=2)
    assert [choice.stands_for for choice in adapted.choices] == [5, 3]
    assert [shot.name for shot in adapted.support] == [choice.name for choice in adapted.choices]
    assert adapted.support[0].name.startswith("photo")
    assert adapted.support[1].name.startswith("negative")
    assert detector.adapt(images[:2]).choices == ()
    with pytest.raises(InputError, match=r"select: expected 1 to 8 .*, got 9"):
        detector.adapt([*images[:5], *others], select=9)


def test_progress_counts_every_image(detector: Detector, images: list[Image]) -> None:
    seen: list[tuple[int, int]] = []
    for options in ({}, {"select": 2}):
        seen.clear()
        detector.adapt(images[:3], progress=lambda done, total: seen.append((done, total)), **options)
        assert seen == [(1, 3), (2, 3), (3, 3)]


# --- bad input -----------------------------------------------------------------------------------------------------


def test_no_images_are_too_few(detector: Detector, tmp_path: Path) -> None:
    with pytest.raises(SupportError, match="normal images: expected at least one usable image, got none of 0"):
        detector.adapt([])
    with pytest.raises(SupportError, match="got none of 2"):
        detector.adapt([tmp_path / "a.png", tmp_path / "b.png"], skip_broken=True)


def test_one_path_is_one_image_not_its_letters(detector: Detector, files: list[Path]) -> None:
    for given in (files[0], str(files[0])):
        assert [shot.name for shot in detector.adapt(given).support] == [str(files[0])]


@pytest.mark.parametrize("rate", [0, 1, -0.2, 1.2, float("nan")])
def test_rates_outside_0_and_1_are_refused(rate: float, detector: Detector, images: list[Image]) -> None:
    with pytest.raises(InputError, match="false_alarm_rate: expected a number between 0 and 1, got"):
        detector.adapt(images[:2], false_alarm_rate=rate)


def test_broken_photos_are_left_out_only_if_asked(detector: Detector, files: list[Path]) -> None:
    files[1].write_bytes(files[1].read_bytes()[:200])
    with pytest.raises(SupportError, match=r"normal image cannot be used: .*1\.png"):
        detector.adapt(files)
    adapted = detector.adapt(files, skip_broken=True)
    assert [shot.name for shot in adapted.support] == [str(files[n]) for n in (0, 2, 3)]
    assert [each.name for each in adapted.left_out] == [str(files[1])]


def test_what_cannot_be_built_is_said(tmp_path: Path) -> None:
    with pytest.raises(ExtractorError, match="extractor 'resnet'"):
        Detector.from_pretrained("resnet")
    with pytest.raises(MissingError, match="found nothing"):
        Detector.from_pretrained("resnet10", weights=str(tmp_path / "none.safetensors"))
    with pytest.raises(InputError, match="device 'warp': not available"):
        Detector.from_pretrained("resnet10", device="warp")


def test_the_name_overrides_the_settings() -> None:
    config = DetectorConfig.model_validate({"extractor": {"name": "efficientnet_lite0", "layers": (1, 2)}})
    detector = Detector.from_pretrained("resnet10", config=config)
    assert detector.extractor.spec.name == "resnet10"
    assert detector.extractor.spec.layers == (1, 2)
    assert detector.config.extractor.name == "resnet10"
    assert config.extractor.name == "efficientnet_lite0"


@pytest.fixture
def adapter(detector: Detector, tmp_path: Path) -> Path:
    """An adapter for the detector's extractor, which counts its second layer half."""
    spec = detector.extractor.spec
    made = Adapter(spec.channels)
    with torch.no_grad():
        made.scale[0].copy_(torch.linspace(0, 2, spec.channels[0]))
        made.log_balance[1] = math.log(0.5)
    file = tmp_path / "adapter.safetensors"
    save_file(made.tensors(), file, metadata=adapter_facts(spec, recipe="half"))
    return file


def test_an_adapter_is_asked_for_by_name_or_file(adapter: Path, detector: Detector, images: list[Image]) -> None:
    adapted = Detector.from_pretrained(adapter=str(adapter), config=detector.config)
    assert adapted.extractor.spec.adapter == "half"
    assert adapted.settings["extractor"]["adapter"] == "half"
    assert adapted.config.extractor.adapter == adapter
    assert Detector.from_pretrained(adapter="none", config=adapted.config).extractor.spec == detector.extractor.spec
    before, after = (each.adapt(images[:3]).predict(images[4])[0] for each in (detector, adapted))
    assert before.score != after.score
    with pytest.raises(ExtractorError, match="adapter 'episodic': expected an extractor that has one"):
        Detector.from_pretrained("resnet10", adapter="episodic")
    with pytest.raises(ExtractorError, match=r"trained on an extractor with layers \[0, 1\], got resnet10 with layers"):
        Detector.from_pretrained("resnet10", adapter=adapter)


def test_layers_count_as_their_balance_says(adapter: Path, detector: Detector, images: list[Image]) -> None:
    task = Detector.from_pretrained(adapter=adapter, config=detector.config).adapt(images[:3])
    parts = torch.split(task.path.atoms.flatten(0, 1), detector.extractor.spec.channels, dim=1)
    first, second = (part.norm(dim=1).mean().item() for part in parts)
    assert (first**2, second**2) == pytest.approx((0.8, 0.2), rel=0.01)
    features = task.path.embed(torch.rand(1, 3, 64, 64))
    responses = [part.norm(dim=1) for part in torch.split(features, detector.extractor.spec.channels, dim=1)]
    relative = [each / typical for each, typical in zip(responses, task.path.strengths, strict=True)]
    expected = (0.8 * relative[0] ** 2 + 0.2 * relative[1] ** 2).sqrt()
    torch.testing.assert_close(task.path._strength(features), expected.flatten(1))


@pytest.mark.parametrize("scoring", [{"map": "residual"}, {"map": "gradient", "score": "energy"}], ids=str)
@pytest.mark.parametrize("coding", [{}, {"method": "full", "receptive_field": 3}, {"normalise": False}], ids=str)
def test_an_adapter_that_changes_nothing_changes_no_bit(
    *, scoring: dict[str, Any], coding: dict[str, Any], detector_of: Callable[..., Detector], images: list[Image]
) -> None:
    plain = detector_of(scoring=scoring, coding=coding)
    idle = AdaptedExtractor(plain.extractor, Adapter(plain.extractor.spec.channels, rank=2), recipe="idle")
    tasks = [each.adapt(images[:3]) for each in (plain, Detector(idle, plain.config))]
    assert tasks[0].threshold == tasks[1].threshold
    [before], [after] = (task.predict(images[4]) for task in tasks)
    assert before.score == after.score
    assert np.array_equal(before.anomaly_map, after.anomaly_map)


def test_loading_refuses_a_device_that_is_not_there(detector: Detector, images: list[Image], tmp_path: Path) -> None:
    file = detector.adapt(images[:2]).save(tmp_path / "part.tenshot")
    with pytest.raises(InputError, match="device 'warp': not available"):
        Adapted.load(file, device="warp")
