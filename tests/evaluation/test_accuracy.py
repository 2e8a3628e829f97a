from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from tenshot.core.errors import InputError
from tenshot.data.folders import read_mask
from tenshot.detectors import Detector
from tenshot.evaluation import runs
from tenshot.evaluation.accuracy import MAP_SIZE, accuracy_tables, resize_map
from tenshot.evaluation.protocol import draw_support, load_set
from tenshot.evaluation.runs import Subject, run_accuracy
from tenshot.features import ResNet10Extractor
from tenshot.metrics import aupro, image_auroc, pixel_auroc

if TYPE_CHECKING:
    from pathlib import Path

Run = Callable[..., list[str]]


@pytest.fixture
def run(small_data: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(runs, "code_digest", lambda: "the same code all along")

    def start(out: Path, **changes: Any) -> list[str]:
        said: list[str] = []
        options: dict[str, Any] = {
            "subject": Subject(extractor="resnet10", image_size=64, threads=torch.get_num_threads()),
            "data": small_data,
            "sets": ["bottle"],
            "detectors": ["default", "nearest"],
            "shots": 3,
            "seeds": 2,
        }
        run_accuracy(out, **options | changes, tell=said.append)
        return said

    return start


def test_a_run_measures_every_cell_on_the_same_support(run: Run, small_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "accuracy.md"
    run(out)
    content = json.loads(out.with_suffix(".json").read_text())
    cells = content["cells"]
    assert [(cell["detector"], cell["seed"]) for cell in cells] == [
        ("default", 0),
        ("nearest", 0),
        ("default", 1),
        ("nearest", 1),
    ]
    assert cells[0]["support"] == cells[1]["support"] != cells[2]["support"]
    assert cells[0]["support"] == [p.name for p in draw_support(load_set("bottle", small_data).train_good, 3, seed=0)]
    assert all(cell["image_auroc"] > 0.7 and cell["pixel_auroc"] > 0.7 for cell in cells), cells
    assert content["sets"] == {"bottle": {"train": 12, "test_good": 6, "test_defective": 5, "masks": True}}
    assert str(tmp_path) not in out.read_text() + json.dumps(content)
    assert str(small_data) not in out.read_text() + json.dumps(content)


def test_figures_are_those_of_the_public_api(run: Run, small_data: Path, tmp_path: Path) -> None:
    run(tmp_path / "a.md", detectors=["default"], seeds=1)
    [cell] = json.loads((tmp_path / "a.json").read_text())["cells"]
    category = load_set("bottle", small_data)
    detector = Detector(ResNet10Extractor(), Subject(extractor="resnet10", image_size=64).config)
    predictions = detector.adapt(draw_support(category.train_good, 3, seed=0)).predict([t.path for t in category.test])
    labels = [item.is_anomalous for item in category.test]
    size = (MAP_SIZE, MAP_SIZE)
    masks = [read_mask(t.mask_path, size) if t.mask_path else np.zeros(size, dtype=bool) for t in category.test]
    maps = [resize_map(prediction.anomaly_map) for prediction in predictions]
    assert cell["image_auroc"] == image_auroc(labels, [prediction.score for prediction in predictions])
    assert cell["pixel_auroc"] == pixel_auroc(masks, maps)
    assert cell["aupro"] == aupro(masks, maps)


def test_finished_cells_are_not_measured_again(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "accuracy.md"
    run(out, seeds=1)
    first = json.loads(out.with_suffix(".json").read_text())["cells"]
    assert any("2 of 4" in line for line in run(out, seeds=2))
    assert json.loads(out.with_suffix(".json").read_text())["cells"][:2] == first
    out.unlink()
    monkeypatch.setattr(runs, "judge_set", None)
    assert run(out, seeds=2) == []
    assert "default − nearest" in out.read_text()


def test_cells_of_other_settings_are_dropped_and_said_so(run: Run, tmp_path: Path) -> None:
    run(tmp_path / "a.md", detectors=["default"], seeds=1)
    said = run(tmp_path / "a.md", detectors=["default"], seeds=1, shots=2)
    assert "1 cells were measured by other code or settings" in said[0]
    assert len(json.loads((tmp_path / "a.json").read_text())["cells"]) == 1


def test_an_interrupted_run_keeps_what_was_finished(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measure = runs.judge_set

    def interrupted(*arguments: Any, **options: Any) -> Any:
        yield next(iter(measure(*arguments, **options)))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(runs, "judge_set", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "a.md")
    assert any("3 of 4" in line for line in run(tmp_path / "a.md"))
    cells = json.loads((tmp_path / "a.json").read_text())["cells"]
    assert len({(cell["detector"], cell["seed"]) for cell in cells}) == len(cells) == 4


def test_unknown_names_are_refused_before_anything_is_measured(run: Run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="got 'screw'"):
        run(tmp_path / "a.md", sets=["bottle", "screw"])
    with pytest.raises(InputError, match="got 'best'"):
        run(tmp_path / "a.md", detectors=["best"])
    assert list(tmp_path.iterdir()) == []


def test_maps_are_compared_at_one_size() -> None:
    heat = np.zeros((64, 32), dtype=np.float32)
    heat[:32] = 1
    resized = resize_map(heat)
    assert resized.shape == (MAP_SIZE, MAP_SIZE)
    assert resized.dtype == np.float32
    assert (resized[:100] == 1).all()
    assert (resized[160:] == 0).all()
    fine = np.zeros((512, 512), dtype=np.float32)
    fine[::2] = 1
    assert np.allclose(resize_map(fine)[8:-8], 0.5, atol=0.01)  # averaged, not sampled


def _cell(detector: str, each: str, seed: int, figure: float | None) -> dict[str, Any]:
    return {"detector": detector, "set": each, "seed": seed, "image_auroc": 0.5, "pixel_auroc": figure, "aupro": 0.5}


def test_the_table_pairs_seeds_and_averages_sets() -> None:
    cells = [_cell("default", "pill", 0, 0.9), _cell("default", "pill", 1, 0.7)]
    cells += [_cell("nearest", "pill", 0, 0.8), _cell("nearest", "pill", 1, 0.6)]
    cells += [_cell(name, "bottle", seed, 1.0) for name in ("default", "nearest") for seed in (0, 1)]
    cells += [_cell(name, "transistor", seed, None) for name in ("default", "nearest") for seed in (0, 1)]
    lines = accuracy_tables(cells, ["bottle", "pill", "transistor"]).split("### Pixel AUROC")[1].splitlines()
    rows = {line.split("|")[1].strip(): [part.strip() for part in line.split("|")[2:-1]] for line in lines[4:8] if line}
    assert rows["pill"] == ["0.800 ± 0.141", "0.700 ± 0.141", "+0.100 ± 0.000"]
    assert rows["mean"] == ["0.900 ± 0.071", "0.850 ± 0.071", "+0.050 ± 0.000"]
    assert "transistor" not in rows


def test_a_competitor_without_all_sets_has_no_mean() -> None:
    cells = [_cell(name, "pill", 0, 0.5) for name in ("default", "nearest", "paper")]
    cells += [_cell(name, "bottle", 0, 0.5) for name in ("default", "nearest")]
    mean = next(line for line in accuracy_tables(cells, ["bottle", "pill"]).splitlines() if line.startswith("| mean"))
    assert [part.strip() for part in mean.split("|")[2:-1]] == ["0.500", "0.500", "–", "+0.000"]
