"""The contract of ``AnomalyDetector``, on every detector there is: a new folder is picked up without a line here."""

from __future__ import annotations

import functools
import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

import tenshot.detectors
from tenshot.core.errors import InputError, SupportError, TenshotError
from tenshot.data.images import read_image
from tenshot.detectors.entries import Materials
from tenshot.detectors.registry import all_entries, home_of
from tenshot.features import ResNet10Extractor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from tenshot.core.types import Image, Prediction
    from tenshot.detectors.contract import AdaptedDetector, AnomalyDetector
    from tenshot.detectors.entries import Entry

ENTRIES = all_entries()
HEADINGS = ["Deviations", "Cost", "Measured"]
TINY = {"training": {"steps": 2}}
SHOTS = 4
# Networks that a test cannot train long enough reproduce a defect as badly as everything else.
CLAIM_NOTHING_YET = {name for name, entry in ENTRIES.items() if entry.kind != "shots"}

each_entry = pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES.keys())
trained_per_product, trained_over_products = (
    pytest.mark.parametrize("entry", [e for e in ENTRIES.values() if e.kind == kind], ids=lambda entry: entry.name)
    for kind in ("all", "tasks")
)


@functools.cache
def extractor() -> ResNet10Extractor:
    """Quick, and one object for all detectors, as in a benchmark."""
    return ResNet10Extractor(layers=(0, 1))


def build(entry: Entry, **given: Any) -> AnomalyDetector:
    """A detector that adapts in moments: of several trained steps, two."""
    if entry.kind == "all":
        given.setdefault("changes", TINY)
    return entry.build(Materials(extractors=lambda _: extractor(), **given))


@pytest.fixture(scope="module")
def adapted_of(images: list[Image]) -> Callable[[Entry], AdaptedDetector]:
    """Detectors adapted to the first few photos, each once."""
    return functools.cache(lambda entry: build(entry).adapt(images[:SHOTS]))


def figures(predictions: Sequence[Prediction]) -> list[tuple[float, float, float, bytes]]:
    """All that was measured, to the bit."""
    return [(each.score, each.threshold, each.p_value, each.anomaly_map.tobytes()) for each in predictions]


@each_entry
def test_adapting_gives_something_new_and_changes_nothing(entry: Entry, images: list[Image]) -> None:
    detector = build(entry)
    before, members = json.dumps(detector.settings), dict(vars(detector))
    first = detector.adapt(images[:3])
    seen = figures(first.predict(images[6]))
    second = detector.adapt(images[3:6])
    assert first is not second
    assert json.dumps(detector.settings) == before
    assert all(vars(detector)[name] is value for name, value in members.items())
    assert figures(first.predict(images[6])) == seen, "a second product does not move the first"
    assert figures(second.predict(images[6])) != seen


@each_entry
def test_scores_and_maps_are_finite_and_not_negative(
    entry: Entry, images: list[Image], torn: NDArray[np.uint8], adapted_of: Callable[[Entry], AdaptedDetector]
) -> None:
    predictions = adapted_of(entry).predict([*images[5:7], read_image(torn, name="torn")])
    assert [each.name for each in predictions] == ["photo 5", "photo 6", "torn"]
    for each in predictions:
        assert np.isfinite(each.score)
        assert each.score >= 0
        assert 0 < each.p_value <= 1
        assert each.anomaly_map.dtype == np.float32
        assert np.isfinite(each.anomaly_map).all()
        assert each.anomaly_map.min() >= 0
        assert each.anomaly_map.max() > 0
        assert np.isfinite(each.map_threshold)
        assert each.map_threshold > 0
        assert each.is_anomalous == (each.score > each.threshold)


@each_entry
def test_maps_cover_the_frame(
    entry: Entry, photo: Callable[..., NDArray[np.uint8]], adapted_of: Callable[[Entry], AdaptedDetector]
) -> None:
    shape = adapted_of(entry).predict(photo(9))[0].anomaly_map.shape
    assert shape[0] == shape[1]
    assert adapted_of(entry).predict(photo(9, (80, 40)))[0].anomaly_map.shape == shape, "the frame is the product's"
    tall = build(entry).adapt([photo(seed, (128, 64)) for seed in range(2)]).predict(photo(9, (128, 64)))
    height, width = tall[0].anomaly_map.shape
    assert height == width or height == pytest.approx(2 * width, rel=0.15), "a square, or the shape of the photos"


@each_entry
def test_a_torn_place_scores_higher_and_shows_in_the_map(
    entry: Entry,
    photo: Callable[..., NDArray[np.uint8]],
    torn: NDArray[np.uint8],
    adapted_of: Callable[[Entry], AdaptedDetector],
) -> None:
    whole, damaged = adapted_of(entry).predict([photo(777), torn])
    if entry.name in CLAIM_NOTHING_YET:
        assert damaged.score != whole.score
        return
    assert damaged.score > whole.score
    assert damaged.p_value < whole.p_value
    assert _share_at_defect(damaged) > 1.5 * _share_at_defect(whole)


def _share_at_defect(prediction: Prediction) -> float:
    """How bright the map is where a torn photo is torn, compared with its mean."""
    heat = prediction.anomaly_map
    side = heat.shape[0] // 64
    return float(heat[36 * side : 50 * side, 12 * side : 26 * side].mean() / heat.mean())


@each_entry
def test_company_does_not_matter(
    entry: Entry, images: list[Image], torn: NDArray[np.uint8], adapted_of: Callable[[Entry], AdaptedDetector]
) -> None:
    adapted = adapted_of(entry)
    together = adapted.predict([torn, images[5], images[6]])
    assert figures(together[1:2]) == figures(adapted.predict(images[5]))
    assert figures(together[2:]) == figures(adapted.predict([images[6]]))


@each_entry
def test_it_is_deterministic(entry: Entry, images: list[Image], adapted_of: Callable[[Entry], AdaptedDetector]) -> None:
    again = build(entry).adapt(images[:SHOTS])
    assert again.threshold == adapted_of(entry).threshold
    assert figures(again.predict(images[5:])) == figures(adapted_of(entry).predict(images[5:]))


@each_entry
def test_nothing_is_drawn_from_the_generators_others_use(entry: Entry, images: list[Image]) -> None:
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    build(entry).adapt(images[:2]).predict(images[2])
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == np.random.get_state()[1].tolist()  # noqa: NPY002


@each_entry
def test_one_shot_is_enough(entry: Entry, images: list[Image]) -> None:
    adapted = build(entry).adapt(images[0])
    (prediction,) = adapted.predict(images[1])
    assert 0 < adapted.threshold < np.inf
    assert 0 < prediction.score < np.inf
    assert 0 < prediction.map_threshold < np.inf


@each_entry
def test_fewer_false_alarms_need_a_higher_threshold(entry: Entry, images: list[Image]) -> None:
    detector = build(entry)
    thresholds = [detector.adapt(images[:2], false_alarm_rate=rate).threshold for rate in (0.2, 0.05, 0.01)]
    assert 0 < thresholds[0] < thresholds[1] < thresholds[2] < np.inf


@each_entry
@pytest.mark.parametrize("rate", [0, 1, -0.1, float("nan")])
def test_a_rate_outside_its_range_is_refused(entry: Entry, rate: float, images: list[Image]) -> None:
    with pytest.raises(InputError, match="false_alarm_rate"):
        build(entry).adapt(images[:2], false_alarm_rate=rate)


@each_entry
def test_images_that_cannot_teach_are_refused(entry: Entry, images: list[Image]) -> None:
    detector = build(entry)
    grey = read_image(images[1].pixels[:, :, 0], name="the grey one")
    for useless, words in (
        ([], "at least one"),
        ([images[0], grey], "all grey or all colour"),
        ([images[0], np.zeros((64, 64, 3), np.uint8)], "image 2"),
    ):
        with pytest.raises(SupportError, match=words):
            detector.adapt(useless)


@each_entry
def test_grey_photos_are_photos(entry: Entry, photo: Callable[..., NDArray[np.uint8]]) -> None:
    adapted = build(entry).adapt([photo(seed)[:, :, 0] for seed in range(3)])
    assert np.isfinite(adapted.predict(photo(5)[:, :, 0])[0].score)


@each_entry
def test_whatever_holds_the_picture(entry: Entry, files: list[Path]) -> None:
    arrays = [np.asarray(Pillow.open(file)) for file in files]
    decoded = [read_image(file) for file in files]
    pillows = [Pillow.fromarray(each) for each in arrays]
    expected = build(entry).adapt(files[:2]).predict(files[3])
    for holders in ([str(file) for file in files], arrays, pillows, decoded):
        found = build(entry).adapt(holders[:2]).predict(holders[3])
        assert figures(found) == figures(expected)


@each_entry
def test_threads_do_not_disturb_one_another(
    entry: Entry, images: list[Image], torn: NDArray[np.uint8], adapted_of: Callable[[Entry], AdaptedDetector]
) -> None:
    adapted, detector = adapted_of(entry), build(entry)
    judged = [*images[4:], torn] * 2
    alone = [figures(adapted.predict(each)) for each in judged]
    supports = [images[:2], images[2:4]]
    learned = [detector.adapt(support).threshold for support in supports]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda each: figures(adapted.predict(each)), judged)) == alone
        assert list(pool.map(lambda support: detector.adapt(support).threshold, supports)) == learned


@each_entry
def test_settings_are_plain_and_tell_no_folder(entry: Entry, tmp_path: Path) -> None:
    given: dict[str, Any] = {"extractor": "resnet10", "weights_file": str(tmp_path / "weights.safetensors")}
    try:
        detector = build(entry, **given)
    except InputError as error:
        assert "extractor" in str(error)  # noqa: PT017 - a detector without an extractor says so
        detector = build(entry)
    plain = json.dumps(detector.settings)
    assert json.dumps(build(entry).settings) == json.dumps(build(entry).settings)
    assert str(tmp_path) not in plain
    assert re.search(r'"(/|[A-Z]:)', plain) is None


@each_entry
def test_settings_it_does_not_have_are_refused(entry: Entry) -> None:
    for changes in ({"nonsense": {"value": 1}}, {"training": {"nonsense": 1}}, {"scoring": {"nonsense": 1}}):
        with pytest.raises(InputError, match=r"nonsense|training|scoring"):
            build(entry, changes=changes)


@trained_per_product
def test_the_untrained_control_can_be_built(entry: Entry, images: list[Image]) -> None:
    untrained = build(entry, changes={"training": {"steps": 0}}).adapt(images[:3])
    trained = build(entry).adapt(images[:3])
    assert np.isfinite(untrained.predict(images[4])[0].score)
    assert untrained.predict(images[4])[0].score != trained.predict(images[4])[0].score


@trained_per_product
def test_the_seed_decides_the_start(entry: Entry, images: list[Image]) -> None:
    first, second = (build(entry, seed=seed).adapt(images[:3]).predict(images[4])[0] for seed in (0, 1))
    assert first.score != second.score


def _train(entry: Entry, *, seed: int, monkeypatch: pytest.MonkeyPatch) -> dict[str, torch.Tensor]:
    """What two steps over two made-up products teach; all training goes through ``tenshot.training.fit``."""
    assert entry.train is not None
    assert entry.side is not None
    module = sys.modules[entry.train.__module__]
    real = module.fit  # type: ignore[attr-defined]
    with monkeypatch.context() as patched:
        patched.setattr(module, "fit", lambda *given, **options: real(*given, **(options | {"steps": 2})))
        random = torch.Generator().manual_seed(0)
        tasks = [torch.rand(12, 3, entry.side, entry.side, generator=random) for _ in range(2)]
        return entry.train(tasks, seed)


@trained_over_products
def test_training_over_products_changes_what_is_scored(
    entry: Entry, images: list[Image], adapted_of: Callable[[Entry], AdaptedDetector], monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = _train(entry, seed=0, monkeypatch=monkeypatch)
    assert all(isinstance(value, torch.Tensor) and not value.requires_grad for value in weights.values())
    untrained = adapted_of(entry).predict(images[6])
    trained = build(entry, trained=weights).adapt(images[:SHOTS]).predict(images[6])
    assert np.isfinite(trained[0].score)
    assert trained[0].score != untrained[0].score
    anew = _train(entry, seed=0, monkeypatch=monkeypatch)
    assert weights.keys() == anew.keys()
    assert all(torch.equal(value, anew[name]) for name, value in weights.items()), "the same to the bit"


@trained_over_products
def test_weights_of_something_else_are_refused(entry: Entry) -> None:
    with pytest.raises(TenshotError, match="weights"):
        build(entry, trained={"nothing.of_ours": torch.zeros(3)})


@pytest.mark.parametrize("home", sorted({home_of(name) for name in ENTRIES}))
def test_the_folder_says_what_it_is(home: str) -> None:
    document = Path(tenshot.detectors.__file__).parent / home / "README.md"
    text = document.read_text()
    assert text.startswith("# ")
    headings = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert [heading for heading in headings if heading in HEADINGS] == HEADINGS, "in this order"
    assert "](../../../../benchmarks/README.md" in text.partition("## Measured")[2], "figures live there alone"
    for target in re.findall(r"\]\((?![a-z]+:)([^)#\s]+)", text):
        assert (document.parent / target).resolve().exists(), target
    names = [entry.name for entry in ENTRIES.values() if home_of(entry.name) == home]
    assert [name for name in names if f"`{name}`" not in text] == []
