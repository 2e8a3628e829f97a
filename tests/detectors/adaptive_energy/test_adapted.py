from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from tenshot.core.errors import ImageError, InputError, MissingError, SupportError
from tenshot.data.images import read_image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from tenshot import Adapted, Detector, Prediction
    from tenshot.core.types import Image


@pytest.fixture(scope="module")
def adapted(detector: Detector, images: list[Image]) -> Adapted:
    return detector.adapt(images[:4])


def same(one: Prediction, other: Prediction) -> bool:
    return one.score == other.score and np.array_equal(one.anomaly_map, other.anomaly_map)


# --- predictions ---------------------------------------------------------------------------------------------------


def test_a_prediction_is_what_its_docstring_says(adapted: Adapted, images: list[Image], torn: NDArray[Any]) -> None:
    fine, bad = adapted.predict([images[7], torn])
    assert (fine.name, bad.name) == ("photo 7", "image 2")
    assert not fine.is_anomalous
    assert bad.is_anomalous
    for each in (fine, bad):
        assert each.is_anomalous == (each.score > each.threshold)
        assert each.threshold == adapted.threshold
        assert each.map_threshold == adapted.map_threshold
        assert each.p_value == adapted.verdicts.calibration.p_value(each.score)
        assert 0 < each.p_value <= 1
        assert each.anomaly_map.shape == (64, 64)
        assert each.anomaly_map.dtype == np.float32
        assert each.anomaly_map.min() >= 0
    assert fine.anomaly_map.max() < fine.map_threshold < bad.anomaly_map.max()
    with pytest.raises(FrozenInstanceError):
        fine.score = 0.0  # type: ignore[misc]


def test_the_defect_is_where_the_map_says(adapted: Adapted, torn: NDArray[Any]) -> None:
    hot = adapted.predict(torn)[0].anomaly_map
    y, x = np.unravel_index(hot.argmax(), hot.shape)
    assert 36 <= y < 50
    assert 12 <= x < 26


@pytest.fixture
def forms(torn: NDArray[np.uint8], tmp_path: Path) -> dict[str, Any]:
    """One picture in every form it may come in."""
    image = Pillow.fromarray(torn)
    for suffix in ("png", "bmp", "tiff"):
        image.save(tmp_path / f"torn.{suffix}")
    image.save(tmp_path / "torn.webp", lossless=True)
    alpha = np.dstack([torn, np.full(torn.shape[:2], 255, np.uint8)])
    return {
        "path": tmp_path / "torn.png",
        "string": str(tmp_path / "torn.png"),
        "bmp": tmp_path / "torn.bmp",
        "tiff": tmp_path / "torn.tiff",
        "webp": tmp_path / "torn.webp",
        "Pillow": image,
        "Pillow with alpha": image.convert("RGBA"),
        "array": torn,
        "array with alpha": alpha,
        "array in another order": np.asfortranarray(torn),
        "16 bit": torn.astype(np.uint16) * 257,
        "float32": torn.astype(np.float32) / np.float32(255),
        "float64": torn / 255,
        "tensor": torch.tensor(torn).permute(2, 0, 1),
        "float tensor": torch.tensor(torn).permute(2, 0, 1) / 255,
        "image": read_image(torn),
    }


def test_the_form_an_image_comes_in_does_not_count(adapted: Adapted, forms: dict[str, Any]) -> None:
    (expected,) = adapted.predict(forms["array"])
    assert [name for name, form in forms.items() if not same(adapted.predict(form)[0], expected)] == []
    assert all(same(each, expected) for each in adapted.predict(list(forms.values())))


def test_a_batch_is_its_images(adapted: Adapted, photo: Callable[..., NDArray[Any]], torn: NDArray[Any]) -> None:
    batch = np.stack([photo(20), torn])
    expected = adapted.predict([photo(20), torn])
    tensors = torch.tensor(batch).permute(0, 3, 1, 2)
    for given in (batch, tensors, tensors / 255, (each for each in batch), tuple(batch)):
        assert all(same(one, other) for one, other in zip(adapted.predict(given), expected, strict=True))
    assert adapted.predict([]) == []


def test_grey_images_of_every_form_agree(detector: Detector, photo: Callable[..., NDArray[Any]]) -> None:
    grey = [photo(seed)[..., 0] for seed in range(5)]
    adapted = detector.adapt(grey[:4])
    (expected,) = adapted.predict(grey[4])
    forms = [
        grey[4][..., None],
        np.dstack([grey[4]] * 3),
        grey[4].astype(np.uint16) * 257,
        torch.tensor(grey[4]),
        torch.tensor(grey[4])[None],
        Pillow.fromarray(grey[4]),
    ]
    assert all(same(adapted.predict(form)[0], expected) for form in forms)


def test_images_of_any_size_are_judged_in_the_frame_of_the_task(
    adapted: Adapted, photo: Callable[..., NDArray[Any]]
) -> None:
    for size in ((1, 1), (1, 300), (300, 2), (64, 65), (200, 90)):
        (judged,) = adapted.predict(photo(30, size))
        assert judged.anomaly_map.shape == (64, 64)
        assert np.isfinite(judged.score)
    assert np.isfinite(adapted.predict(np.zeros((64, 64, 3), np.uint8))[0].score), "flat, but an image to be judged"


def test_images_are_judged_one_by_one_as_they_come(adapted: Adapted, images: list[Image], tmp_path: Path) -> None:
    asked: list[int] = []

    def stream() -> Any:
        for number, image in enumerate([*images[:2], tmp_path / "none.png"]):
            asked.append(number)
            yield image

    judged = adapted.predict_iter(stream())
    assert next(judged).name == "photo 0"
    assert asked == [0]
    assert next(judged).name == "photo 1"
    with pytest.raises(MissingError, match=r"none\.png"):
        next(judged)


def test_a_path_alone_is_no_stream_of_letters(adapted: Adapted, files: list[Path]) -> None:
    for given in (files[0], str(files[0])):
        assert [each.name for each in adapted.predict_iter(given)] == [str(files[0])]  # type: ignore[arg-type]


@pytest.mark.parametrize("broken", ["cut.png", "text.png"])
def test_an_image_that_cannot_be_read_is_named(broken: str, adapted: Adapted, files: list[Path]) -> None:
    file = files[0].with_name(broken)
    file.write_bytes(files[0].read_bytes()[:300] if broken == "cut.png" else b"no picture")
    with pytest.raises(ImageError, match=broken):
        adapted.predict([files[0], file])
    with pytest.raises(ImageError, match="image 2: 1 of 192 values are NaN"):
        adapted.predict([files[0], np.where(np.arange(192).reshape(8, 8, 3) == 5, np.nan, 0.5)])


def test_what_is_neither_image_nor_sequence_is_refused(adapted: Adapted) -> None:
    with pytest.raises(ImageError, match="must be a path, a Pillow image, a numpy array or a torch tensor, got int"):
        adapted.predict(7)  # type: ignore[arg-type]


def test_four_threads_see_what_one_sees(adapted: Adapted, photo: Callable[..., NDArray[Any]]) -> None:
    photos = [photo(seed) for seed in range(40, 56)]
    expected = adapted.predict(photos)
    with ThreadPoolExecutor(4) as pool:
        judged = [each for (each,) in pool.map(adapted.predict, photos)]
    assert all(same(one, other) for one, other in zip(judged, expected, strict=True))


@pytest.mark.parametrize("scoring", [{"map": "residual"}, {"map": "gradient"}], ids=str)
def test_gradient_modes_of_the_caller_do_not_count(
    scoring: dict[str, Any], detector_of: Callable[..., Detector], images: list[Image], torn: NDArray[Any]
) -> None:
    roi = np.tri(64)
    with torch.inference_mode():
        inside = detector_of(scoring=scoring).adapt(images[:3], roi=roi)
        grown = inside.add(images[3])
        seen = grown.predict(torn)[0]
    outside = detector_of(scoring=scoring).adapt(images[:4], roi=roi)
    assert same(outside.predict(torn)[0], seen)
    assert same(grown.predict(torn)[0], seen)
    with torch.enable_grad():
        assert same(outside.predict(torn)[0], seen)


# --- learning on ---------------------------------------------------------------------------------------------------


def bytes_of(adapted: Adapted, folder: Path) -> bytes:
    return adapted.save(folder / "task").read_bytes()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"dictionary": {"atoms": 64}},
        {"dictionary": {"atoms": 150}},
        {"dictionary": {"atoms": 100, "augment": "all"}},
        {"scoring": {"map": "gradient"}},
        {"tile": 40},
    ],
    ids=str,
)
@pytest.mark.parametrize("first", [1, 2, 5])
def test_adding_is_adapting_to_all_at_once(
    *, changes: dict[str, Any], first: int, detector_of: Callable[..., Detector], images: list[Image], tmp_path: Path
) -> None:
    detector = detector_of(**changes)
    grown = detector.adapt(images[:first]).add(images[first : first + 1]).add(images[first + 1 : first + 3])
    assert bytes_of(grown, tmp_path) == bytes_of(detector.adapt(images[: first + 3]), tmp_path)


@pytest.mark.parametrize("atoms", [64, 150, None])
def test_removing_undoes_adding(
    atoms: int | None, detector_of: Callable[..., Detector], images: list[Image], tmp_path: Path
) -> None:
    before = detector_of(dictionary={"atoms": atoms}).adapt(images[:2], roi=np.tri(64))
    after = before.add(images[2:6]).remove([image.digest for image in images[2:6]])
    assert bytes_of(after, tmp_path) == bytes_of(before, tmp_path)


def test_a_removed_shot_can_come_back(detector: Detector, images: list[Image], tmp_path: Path) -> None:
    before = detector.adapt([*images[1:4], images[0]])
    after = detector.adapt(images[:4]).remove("photo 0").add(images[0])
    assert bytes_of(after, tmp_path) == bytes_of(before, tmp_path)


def test_learning_on_leaves_the_task_as_it_was(adapted: Adapted, images: list[Image], tmp_path: Path) -> None:
    before, (judged,) = bytes_of(adapted, tmp_path), adapted.predict(images[7])
    adapted.add(images[4:6])
    adapted.remove(adapted.support[0].id)
    adapted.with_false_alarm_rate(0.4)
    assert bytes_of(adapted, tmp_path) == before
    assert same(adapted.predict(images[7])[0], judged)


def test_only_new_images_go_through_the_network(
    adapted: Adapted, images: list[Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    passes: list[int] = []
    extractor = adapted.path.extractor
    forward = extractor.forward
    monkeypatch.setattr(extractor, "forward", lambda x: passes.append(len(x)) or forward(x))
    adapted.add(images[4:6])
    assert passes == [1, 1]
    adapted.remove("photo 0")
    adapted.with_false_alarm_rate(0.2)
    assert passes == [1, 1]


def test_the_same_image_is_added_once(adapted: Adapted, images: list[Image], tmp_path: Path) -> None:
    copy = read_image(images[1].pixels.copy(), name="copy")
    again = adapted.add([copy, images[0]])
    assert bytes_of(again, tmp_path) == bytes_of(adapted, tmp_path)
    assert [(each.name, each.reason) for each in again.left_out] == [
        ("copy", "the task already has it as photo 1"),
        ("photo 0", "the task already has it as photo 0"),
    ]


def test_colour_tasks_take_no_grey_images(adapted: Adapted, photo: Callable[..., NDArray[Any]]) -> None:
    with pytest.raises(SupportError, match="normal images must be all grey or all colour: 1 are grey"):
        adapted.add(photo(9)[..., 0])


def test_broken_images_are_not_added(adapted: Adapted, images: list[Image], tmp_path: Path) -> None:
    with pytest.raises(SupportError, match=r"normal image cannot be used: .*none\.png"):
        adapted.add([images[5], tmp_path / "none.png"])
    grown = adapted.add([tmp_path / "none.png", images[5]], skip_broken=True)
    assert len(grown.support) == 5
    assert [each.name for each in grown.left_out] == [str(tmp_path / "none.png")]


def test_shots_are_named_by_id_beginning_or_name(adapted: Adapted) -> None:
    shot = adapted.support[2]
    for wanted in (shot.id, shot.id[:4], shot.digest, "photo 2", ["photo 2"], [shot.id, "photo 2"]):
        assert [each.name for each in adapted.remove(wanted).support] == ["photo 0", "photo 1", "photo 3"]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ("zzzz", "'zzzz' names none of the 4 normal images"),
        ("", "'' names none"),
        (["photo 0", "photo 9"], "'photo 9' names none"),
        ([f"photo {n}" for n in range(4)], "a task needs at least one normal image, all 4 were named"),
    ],
)
def test_what_cannot_be_removed_is_said(ids: str | list[str], message: str, adapted: Adapted) -> None:
    with pytest.raises(InputError, match=f"remove: {message}"):
        adapted.remove(ids)


def test_too_short_or_ambiguous_names_remove_nothing(detector: Detector, photo: Callable[..., NDArray[Any]]) -> None:
    adapted = detector.adapt([photo(0), photo(1)]).add(photo(2))
    assert [shot.name for shot in adapted.support] == ["image 1", "image 2", "image 1"]
    with pytest.raises(InputError, match="'image 1' names 2 of the 3 normal images"):
        adapted.remove("image 1")
    with pytest.raises(InputError, match="names none"):
        adapted.remove(adapted.support[0].id[:3])


def test_down_to_one_shot_there_is_nothing_left_to_hold_out(adapted: Adapted) -> None:
    with pytest.raises(SupportError, match="cannot be held out; keep two, or adapt anew to this one"):
        adapted.remove(["photo 0", "photo 1", "photo 2"])


# --- thresholds ----------------------------------------------------------------------------------------------------


def test_the_threshold_follows_from_the_held_out_scores(adapted: Adapted) -> None:
    from tenshot.calibration import fit_predictive

    scores = [shot.score for shot in adapted.support]
    assert adapted.threshold == fit_predictive(scores).threshold(0.05)
    assert adapted.map_threshold == fit_predictive(adapted.task.peaks).threshold(0.05)
    assert adapted.threshold > max(scores)


def test_another_rate_moves_the_threshold_and_nothing_else(adapted: Adapted, torn: NDArray[Any]) -> None:
    strict, lax = adapted.with_false_alarm_rate(0.001), adapted.with_false_alarm_rate(0.3)
    assert lax.threshold < adapted.threshold < strict.threshold
    assert lax.map_threshold < strict.map_threshold
    assert same(lax.predict(torn)[0], strict.predict(torn)[0])
    assert lax.predict(torn)[0].p_value == strict.predict(torn)[0].p_value
    for rate in (0, 1, -1, 2, float("nan")):
        with pytest.raises(InputError, match="false-alarm rate: expected a number between 0 and 1"):
            adapted.with_false_alarm_rate(rate)


def test_a_stranger_among_the_normals_is_pointed_out(
    detector: Detector, images: list[Image], torn: NDArray[Any]
) -> None:
    stranger = read_image(torn, name="torn.png")
    assert any(
        "torn.png is unlike the other normal images" in note for note in detector.adapt([*images, stranger]).notes
    )
    assert not any("unlike" in note for note in detector.adapt(images).notes)


def test_the_summary_is_plain_and_complete(adapted: Adapted) -> None:
    import json

    summary = json.loads(json.dumps(adapted.summary()))
    assert summary["extractor"]["name"] == "resnet10"
    assert summary["input_size"] == [64, 64]
    assert summary["has_roi"] is False
    assert summary["threshold"] == adapted.threshold
    assert [shot["name"] for shot in summary["support"]] == [f"photo {n}" for n in range(4)]
    assert summary["notes"][0].startswith("The threshold is estimated from how 4 normal images")
