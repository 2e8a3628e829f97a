from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from tenshot.data.folders import read_category
from tenshot.detectors import Detector
from tenshot.evaluation import runs
from tenshot.evaluation.calibration import RATES, alarm_rate, calibration_tables
from tenshot.evaluation.protocol import draw_support, draw_unseen
from tenshot.evaluation.runs import Subject, run_calibration
from tenshot.features import ResNet10Extractor

if TYPE_CHECKING:
    from pathlib import Path


def test_an_alarm_is_a_score_above_the_threshold() -> None:
    scores = np.array([1.0, 2.0, 2.0, 3.0, 4.0])
    assert alarm_rate(scores, 2.0) == sum(score > 2.0 for score in scores.tolist()) / 5 == 0.4
    assert alarm_rate(scores, 0.0) == 1.0
    assert alarm_rate(scores, 4.0) == 0.0


@pytest.fixture
def subject() -> Subject:
    return Subject(extractor="resnet10", image_size=64, threads=torch.get_num_threads())


def test_alarms_are_counted_as_a_user_would_see_them(
    small_data: Path, subject: Subject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "code_digest", lambda: "the same code all along")
    out = tmp_path / "calibration.md"
    run_calibration(
        out, subject=subject, data=small_data, sets=["mvtec_ad/bottle"], shots=[1, 3], draws=1, tell=lambda _: None
    )
    cells = json.loads(out.with_suffix(".json").read_text())["cells"]
    assert [(cell["shots"], cell["seed"]) for cell in cells] == [(1, 0), (3, 0)]

    category = read_category(small_data / "mvtec_ad" / "bottle")
    unseen, train = draw_unseen(category, 100)
    for cell in cells:
        task = Detector(ResNet10Extractor(), subject.config).adapt(
            draw_support(train, cell["shots"], seed=cell["seed"])
        )
        highest = max(image.score for image in task.support)
        for rate, found in zip(RATES, cell["rates"], strict=True):
            said = task.with_false_alarm_rate(rate).predict([item.source for item in unseen])
            assert found["wanted"] == rate
            assert found["measured"] == np.mean([prediction.is_anomalous for prediction in said])
            assert found["measured_test"] == np.mean([prediction.is_anomalous for prediction in said[:6]])
            assert found["measured_train"] == np.mean([prediction.is_anomalous for prediction in said[6:]])
            assert found["any_pixel"] == np.mean([(p.anomaly_map > p.map_threshold).any() for p in said])
        assert cell["naive"]["measured"] == np.mean([prediction.score > highest for prediction in said])
        assert cell["unseen"] == {"test": 6, "train": 6}

    again: list[str] = []
    run_calibration(
        out, subject=subject, data=small_data, sets=["mvtec_ad/bottle"], shots=[1, 3], draws=1, tell=again.append
    )
    assert again == []


def test_the_table_is_in_per_cent_and_averages_sets() -> None:
    def cell(each: str, seed: int, measured: float) -> dict[str, object]:
        entry = {"measured": measured, "any_pixel": measured, "caught": None if each == "b" else 1.0}
        naive = {"measured": 0.5, "caught": 1.0}
        return {"set": each, "shots": 4, "seed": seed, "rates": [entry] * len(RATES), "naive": naive}

    cells = [cell("a", 0, 0.1), cell("a", 1, 0.3), cell("b", 0, 0.0), cell("b", 1, 0.0)]
    flagged, _, caught = calibration_tables(cells, ["a", "b", "c"]).split("###")[1:]
    rows = [[part.strip() for part in line.split("|")[1:-1]] for line in flagged.splitlines() if line.startswith("| 4")]
    assert rows[0] == ["4", "a", *["20.0 ± 14.1"] * 3, "50.0 ± 0.0"]
    assert rows[2] == ["4", "**all**", *["10.0 ± 14.1"] * 3, "50.0 ± 0.0"]
    assert "wanted 1%" in flagged
    assert "–" in caught.splitlines()[5]
