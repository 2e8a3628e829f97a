from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
import pytest

from tenshot.core.errors import MissingError
from tenshot.data.checking import IMAGE_METRICS, PIXEL_METRICS, CategoryReport, check

if TYPE_CHECKING:
    from pathlib import Path

SPOT = np.pad(np.full((3, 3), 255, np.uint8), 5)


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(pixels).save(path)


@pytest.fixture
def widget(tmp_path: Path) -> Path:
    """A sound set: 12 to learn, 5 good and 4 bent ones to judge."""
    root, generator = tmp_path / "widget", np.random.default_rng(0)
    for folder, count in (("train/good", 12), ("test/good", 5), ("test/bent", 4)):
        for index in range(count):
            save(root / folder / f"{index}.png", generator.integers(0, 255, (13, 13, 3), np.uint8))
    for index in range(4):
        save(root / "ground_truth/bent" / f"{index}_mask.png", SPOT)
    return root


def one(root: Path) -> CategoryReport:
    [category] = check(root).categories
    return category


def test_a_sound_set(widget: Path) -> None:
    calls: list[tuple[int, int]] = []
    report = check(widget, progress=lambda done, total: calls.append((done, total)))
    [category] = report.categories
    assert (report.layout, report.problems, report.has_problems) == ("MVTec AD", (), False)
    assert (category.name, category.about, category.lacks) == ("widget", "", "")
    assert (category.train_good, category.test) == (12, {"bent": 4, "good": 5})
    assert category.formats == {"13 x 13, RGB, 8 bit": 21}
    assert category.masks == {"paired": 4, "missing": 0, "empty": 0}
    assert category.metrics == (*IMAGE_METRICS, *PIXEL_METRICS)
    assert category.problems == ()
    assert category.remarks == (
        "12 normal images to learn: draws of ten shots share most of them",
        "5 normal images to judge: a rate of false alarms moves in steps of 20%",
    )
    assert calls[-1] == (21, 21)
    assert report.split == ""
    assert json.loads(json.dumps(report.as_dict()))["categories"][0]["masks"]["paired"] == 4


def test_own_photos_lack_pixel_metrics_and_say_so(widget: Path, tmp_path: Path) -> None:
    (widget / "train/good").rename(tmp_path / "good")
    (widget / "test/bent").rename(tmp_path / "bad")
    category = one(tmp_path)
    assert check(tmp_path).split.startswith("half of the good photos, drawn by a fixed seed")
    assert category.lacks == "No pixel metrics: no anomalous image has a mask."
    assert category.metrics == IMAGE_METRICS
    assert category.train_good == 6
    assert category.remarks[0] == "6 normal images to learn: ten shots cannot be drawn"
    assert category.remarks[-1].startswith("not part of the set: widget/ground_truth/bent/0_mask.png; ")
    assert category.remarks[-1].endswith("and 6 more")


def test_what_is_wrong_is_named(widget: Path) -> None:
    generator = np.random.default_rng(5)
    (widget / "test/good/0.png").write_bytes((widget / "train/good/3.png").read_bytes())
    (widget / "test/bent/1.png").write_bytes((widget / "test/good/1.png").read_bytes())
    cut = widget / "train/good/0.png"
    cut.write_bytes(cut.read_bytes()[:100])
    save(widget / "train/good/1.png", np.full((13, 13), 7, np.uint8))
    save(widget / "ground_truth/bent/0_mask.png", generator.integers(1, 9, (26, 13), np.uint8))
    save(widget / "ground_truth/bent/2_mask.png", SPOT * 0)
    save(widget / "ground_truth/good/4_mask.png", SPOT)
    report = check(widget)
    problems = {line.partition(": ")[0]: line.partition(": ")[2] for line in report.categories[0].problems}
    assert report.has_problems
    assert problems.pop("cannot be read").startswith(f"{cut} cannot be decoded")
    assert problems == {
        "one flat colour, from which nothing can be learned": "train/good/1.png",
        "the mask has not the shape of its image": f"{widget}/ground_truth/bent/0_mask.png is 13 x 26, "
        "test/bent/0.png is 13 x 13",
        "anomalous, and the mask is black": "test/bent/2.png",
        "the mask of a normal image is not black": "ground_truth/good/4_mask.png",
        "the same picture is learned and judged": "train/good/3.png = test/good/0.png",
        "the same picture is normal and anomalous": "test/good/1.png = test/bent/1.png",
    }


def test_remarks_on_what_is_odd(widget: Path) -> None:
    (widget / "train/good/5.png").write_bytes((widget / "train/good/4.png").read_bytes())
    save(widget / "test/good/0.png", np.full((13, 13), 7, np.uint8))
    save(widget / "test/lost.png", SPOT)
    remarks = one(widget).remarks
    assert "the same picture twice: train/good/5.png = train/good/4.png" in remarks
    assert "one flat colour: test/good/0.png" in remarks
    assert "not part of the set: test/lost.png" in remarks
    assert "images of 2 sizes or kinds" in remarks
    assert one(widget).problems == ()


def test_what_cannot_be_listed_is_a_problem(widget: Path, tmp_path: Path) -> None:
    save(widget / "ground_truth/bent/9_mask.png", SPOT)
    report = check(widget)
    assert (report.layout, report.categories, report.has_problems) == (None, (), True)
    assert "9_mask.png: a mask must bear the name" in report.problems[0]
    (tmp_path / "empty").mkdir()
    assert "has no known layout" in check(tmp_path / "empty").problems[0]
    (tmp_path / "visa/candle/Data/Images/Normal").mkdir(parents=True)
    assert "1cls.csv: there is no such file" in check(tmp_path / "visa").problems[0]


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="there is no such folder"):
        check(tmp_path / "none")


def test_real_sets(shared_data: Path) -> None:
    report = check("mvtec_ad/transistor", data=shared_data)
    [category] = report.categories
    assert not report.has_problems
    assert category.lacks == "No pixel metrics: 8 of 40 anomalous images have a mask."
    assert category.masks == {"paired": 8, "missing": 32, "empty": 0}
    assert category.metrics == IMAGE_METRICS
    assert sum(category.formats.values()) == 313
    bottle = check(shared_data / "mvtec_ad/bottle")
    assert not bottle.has_problems
    assert bottle.categories[0].remarks == ()


def test_real_masks_that_are_black(shared_data: Path) -> None:
    report = check("magnetic_tile", data=shared_data)
    assert report.categories[0].masks == {"paired": 392, "missing": 0, "empty": 5}
    [problem] = report.categories[0].problems
    assert problem.startswith("anomalous, and the mask is black: test/uneven/")
