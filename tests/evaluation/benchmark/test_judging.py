from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from tenshot.core.types import Image, Prediction
from tenshot.data.folders import Category, read_category, read_mask
from tenshot.data.images import read_image
from tenshot.evaluation.benchmark.conditions import parse_condition
from tenshot.evaluation.benchmark.draws import draw_names
from tenshot.evaluation.benchmark.judging import judge, resize_map, truth
from tenshot.evaluation.benchmark.plan import Key

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tenshot.evaluation.benchmark.schema import Cell


@dataclass
class Difference:
    """A detector that can be checked by hand: the distance of every pixel to the mean of the support."""

    scale: float = 1.0
    adapted_to: list[list[Any]] = field(default_factory=list)
    asked: list[Image] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, Any]:
        return {}

    def adapt(self, images: Any, *, false_alarm_rate: float = 0.05) -> Difference:
        self.adapted_to.append(list(images))
        self.rate = false_alarm_rate
        self.mean = np.mean([_pixels(each) for each in images], axis=0)
        return self

    @property
    def threshold(self) -> float:
        return 20.0 * self.scale

    def predict(self, images: Any) -> list[Prediction]:
        self.asked.append(images)
        heat = (np.abs(_pixels(images) - self.mean) * self.scale).astype(np.float32)
        score = float(heat.max())
        return [Prediction("x", score, self.threshold, 0.5, score > self.threshold, heat, 1.0)]


def _pixels(image: Any) -> NDArray[np.float64]:
    decoded = image if isinstance(image, Image) else read_image(image)
    return decoded.pixels.astype(np.float64).mean(axis=2)


@pytest.fixture
def bottle(small_data: Path) -> Category:
    return read_category(small_data / "mvtec_ad" / "bottle")


def measure(category: Category, detector: Difference, *, condition: str = "plain", shots: int = 4) -> list[Cell]:
    steps: list[tuple[int, int]] = []
    keys = [Key(category.name, "difference", shots, seed, condition) for seed in (0, 1)]
    cells = judge(
        category,
        keys,
        condition=parse_condition(condition),
        build=lambda _: detector,  # type: ignore[arg-type, return-value]
        names=draw_names(category, shots, [0, 1]),
        false_alarm_rate=0.05,
        forget=lambda: None,
        progress=lambda done, total: steps.append((done, total)),
    )
    found = list(cells)
    assert steps == [(done, 13) for done in range(1, 14)]
    assert [(cell.seed, cell.shots, cell.condition) for cell in found] == [(0, shots, condition), (1, shots, condition)]
    return found


def test_a_cell_says_what_scikit_learn_says(bottle: Category) -> None:
    detector = Difference()
    # The stub remembers its last support only, so both cells are judged by that of seed 1.
    cell = measure(bottle, detector)[1]
    heats = [np.abs(_pixels(item.source) - detector.mean).astype(np.float32) for item in bottle.test]
    labels = np.array([item.is_anomalous for item in bottle.test])
    scores = np.array([heat.max() for heat in heats])
    assert cell.image_auroc == pytest.approx(roc_auc_score(labels, scores))
    assert cell.image_ap == pytest.approx(average_precision_score(labels, scores))
    masks = np.stack([truth(item) for item in bottle.test])
    maps = np.stack([resize_map(heat) for heat in heats])
    assert cell.pixel_auroc == pytest.approx(roc_auc_score(masks.ravel(), maps.ravel()))
    assert cell.pixel_ap == pytest.approx(average_precision_score(masks.ravel(), maps.ravel()))
    assert cell.false_alarms == np.mean(scores[~labels] > 20)
    assert cell.detections == np.mean(scores[labels] > 20)
    assert cell.separation == pytest.approx(scores[labels].mean() / scores[~labels].mean())


def test_the_scale_of_scores_does_not_matter(bottle: Category) -> None:
    usual = measure(bottle, Difference())[0].model_dump(exclude={"threshold", "extremes"})
    for scale in (2.0**20, 2.0**-30):
        scaled = measure(bottle, Difference(scale))[0].model_dump(exclude={"threshold", "extremes"})
        assert scaled == pytest.approx(usual)


def test_extremes_are_the_images_worth_a_look(bottle: Category) -> None:
    cell = measure(bottle, Difference())[0]
    assert [each.kind for each in cell.extremes] == ["missed"] * 2 + ["found"] * 2 + ["alarm"] * 2
    missed, found, alarm = (tuple(e for e in cell.extremes if e.kind == kind) for kind in ("missed", "found", "alarm"))
    assert missed[0].score <= missed[1].score <= found[1].score <= found[0].score
    assert alarm[0].score >= alarm[1].score
    assert all(each.image.startswith("test/scratch/") for each in (*missed, *found))
    assert all(each.image.startswith("test/good/") for each in alarm)


def test_without_masks_there_are_no_pixel_metrics_and_no_maps_are_kept(bottle: Category) -> None:
    bare = read_category(bottle.root, masks="optional") if bottle.root else bottle
    from dataclasses import replace

    bare = replace(bare, test=tuple(replace(item, mask_path=None) for item in bare.test))
    cell = measure(bare, Difference())[0]
    assert (cell.pixel_auroc, cell.pixel_ap, cell.aupro, cell.miou) == (None, None, None, None)
    assert cell.image_auroc == measure(bottle, Difference())[0].image_auroc


def test_plain_supports_are_handed_over_as_files_and_turned_ones_as_pictures(bottle: Category) -> None:
    plain, turned = Difference(), Difference()
    measure(bottle, plain)
    measure(bottle, turned, condition="rotate:both")
    assert [path.name for path in plain.adapted_to[0]] == [
        image.name.rpartition("/")[2] for image in turned.adapted_to[0]
    ]
    for path, image in zip(plain.adapted_to[0], turned.adapted_to[0], strict=True):
        upright = read_image(path).pixels
        assert any(np.array_equal(np.rot90(upright, turns), image.pixels) for turns in (1, 3))


def test_all_draws_see_the_same_corrupted_query(bottle: Category) -> None:
    detector = Difference()
    measure(bottle, detector, condition="noise:3")
    first, second = detector.asked[0::2], detector.asked[1::2]
    assert all(one is other for one, other in zip(first, second, strict=True))
    assert not np.array_equal(first[0].pixels, read_image(bottle.test[0].source).pixels)  # type: ignore[arg-type]


def test_the_truth_turns_with_the_query(bottle: Category) -> None:
    """A map that shows the scratch itself is perfect, however image and mask are turned."""

    class Scratch(Difference):
        def predict(self, images: Any) -> list[Prediction]:
            rough = np.abs(np.diff(_pixels(images), axis=0, prepend=0)) + np.abs(
                np.diff(_pixels(images), axis=1, prepend=0)
            )
            return [Prediction("x", float(rough.max()), 1.0, 0.5, True, rough.astype(np.float32), 1.0)]

    upright = measure(bottle, Scratch())[0]
    turned = measure(bottle, Scratch(), condition="rotate:query")[0]
    assert turned.pixel_auroc == pytest.approx(upright.pixel_auroc, abs=0.05)
    assert upright.pixel_auroc is not None
    assert upright.pixel_auroc > 0.7


def test_contaminating_images_are_not_judged(bottle: Category) -> None:
    detector = Difference()
    measure(bottle, detector, condition="contaminate:40")
    foreign = [path for support in detector.adapted_to for path in support if "scratch" in str(path)]
    assert foreign
    assert len(detector.asked) == 2 * len(bottle.test) - len(foreign)


def test_masks_and_maps_are_compared_at_one_size(bottle: Category) -> None:
    bad = next(item for item in bottle.test if item.mask_path)
    assert truth(bad).shape == (256, 256)
    assert bad.mask_path is not None
    assert truth(bad).mean() == pytest.approx(read_mask(bad.mask_path, (64, 64)).mean())
    assert resize_map(np.ones((32, 64), np.float32)).shape == (256, 256)
    same = np.zeros((256, 256), np.float32)
    assert resize_map(same) is same
