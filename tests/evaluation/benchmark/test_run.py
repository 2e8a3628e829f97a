from __future__ import annotations

import importlib
import random
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import torch

from tenshot.core.config import ExtractorConfig
from tenshot.core.errors import InputError, MissingError
from tenshot.detectors.maml_autoencoder.network import ResNetAutoEncoder
from tenshot.evaluation.benchmark import identities
from tenshot.evaluation.benchmark import run as module
from tenshot.evaluation.benchmark.markdown import tables
from tenshot.evaluation.benchmark.plan import Request
from tenshot.evaluation.benchmark.run import start
from tenshot.evaluation.benchmark.schema import Made, Results
from tenshot.evaluation.benchmark.subjects import Subject, variants
from tenshot.features import build_extractor

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MADE = Made(command="tenshot benchmark", commit=None, machine={}, versions={})
SMALL = variants(Subject("adaptive", "resnet10"), {"detector.image_size": [64]})[0]
TINY = [
    *("--detector", "adaptive@resnet10", "nearest@resnet10", "difference", "--image-size", "64"),
    *("--shots", "1", "3", "--seeds", "2", "--no-costs", "--jobs", "2"),
]


class Watcher:
    def __init__(self) -> None:
        self.plan: tuple[int, int] | None = None
        self.done: list[tuple[str, int]] = []

    def planned(self, cells: int, found: int) -> None:
        self.plan = (cells, found)

    def working(self, label: str, done: int, total: int) -> None:
        assert 0 <= done <= total, label

    def finished(self, label: str, cells: int) -> None:
        self.done.append((label, cells))


def request(data: Path, **changes: Any) -> Request:
    small = Request((str(data / "mvtec_ad" / "bottle"),), None, (SMALL,), shots=(1, 3), seeds=(0, 1))
    return replace(small, **changes)


def test_a_run_measures_every_cell_and_a_second_one_none(small_data: Path, tmp_path: Path) -> None:
    first = Watcher()
    run = start(request(small_data), tmp_path, resume=False, watcher=first)
    run.measure(jobs=1)
    results = run.results(MADE, threads=None)
    assert first.plan == (4, 0)
    assert sum(cells for _, cells in first.done) == 4
    assert [(cell.shots, cell.seed) for cell in results.cells] == [(1, 0), (1, 1), (3, 0), (3, 1)]
    assert results.sets[0].support["0"] == run.results(MADE, threads=None).sets[0].support["0"]
    assert results.detectors[0].settings["image_size"] == 64
    assert all(cell.image_auroc > 0.5 for cell in results.cells)
    again = Watcher()
    second = start(request(small_data), tmp_path, resume=True, watcher=again)
    second.measure(jobs=1)
    assert (again.plan, again.done) == ((4, 4), [])
    assert second.results(MADE, threads=None) == results
    assert Results.model_validate_json(results.model_dump_json()) == results


def test_what_is_there_is_not_overwritten_without_being_asked(small_data: Path, tmp_path: Path) -> None:
    start(request(small_data), tmp_path, resume=False, watcher=Watcher())
    (tmp_path / "cells.jsonl").touch()
    with pytest.raises(InputError, match="holds a benchmark already; go on with it by --resume"):
        start(request(small_data), tmp_path, resume=False, watcher=Watcher())


@pytest.mark.parametrize(
    "changes",
    [
        {"false_alarm_rate": 0.1},
        {"shots": (1, 2)},
        {"conditions": ("blur:1",)},
        {"subjects": variants(SMALL, {"scoring.smoothing": [0]})},
    ],
    ids=lambda change: next(iter(change)),
)
def test_cells_of_another_request_are_measured_anew(small_data: Path, tmp_path: Path, changes: dict[str, Any]) -> None:
    def ids(run: Any) -> set[str]:
        return set(run._ids.values())

    usual = ids(start(request(small_data), tmp_path, resume=True, watcher=Watcher()))
    other = ids(start(request(small_data, **changes), tmp_path, resume=True, watcher=Watcher()))
    shared = 2 if "shots" in changes else 0
    assert len(usual & other) == shared, "one shot is the same in both"


@pytest.mark.parametrize("file", ["test/good/000.png", "train/good/003.png", "ground_truth/scratch/001_mask.png"])
def test_another_image_or_mask_makes_other_cells(small_data: Path, tmp_path: Path, file: str) -> None:
    copy = tmp_path / "data"
    shutil.copytree(small_data, copy)
    before = start(request(copy), tmp_path, resume=True, watcher=Watcher())
    changed = copy / "mvtec_ad" / "bottle" / file
    content = bytearray(changed.read_bytes())
    content[-1] ^= 1  # of the same size
    changed.write_bytes(content)
    identities._content.cache_clear()
    after = start(request(copy), tmp_path, resume=True, watcher=Watcher())
    assert not set(before._ids.values()) & set(after._ids.values())


def test_supports_can_be_replayed(small_data: Path, tmp_path: Path) -> None:
    names = [f"train/good/{index:03}.png" for index in (3, 1, 4)]
    listed = {"bottle": {"0": names, "1": names[::-1]}}
    run = start(request(small_data, replay=listed), tmp_path, resume=False, watcher=Watcher())
    assert run._names["bottle"] == {"0": names, "1": names[::-1]}
    for wrong, message in (
        ({"seeds": (0, 2)}, "no draw for seed 2"),
        ({"shots": (4,)}, "only 3 are listed"),
        ({"replay": {"cup": listed["bottle"]}}, "support of bottle: the list to replay has only cup"),
        ({"replay": {"bottle": {"0": ["a", "b", "c"], "1": names}}}, "a is not among its normal images"),
    ):
        with pytest.raises(InputError, match=message):
            start(request(small_data, **{"replay": listed} | wrong), tmp_path, resume=True, watcher=Watcher())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shots": (1, 13)}, "bottle has 12 normal images"),
        ({"sets": ("/nowhere/at/all",)}, "nowhere"),
        ({"subjects": (Subject("maml_ae"),)}, "bottle: nothing else to train on"),
        ({"conditions": ("contaminate:100",), "shots": (5,)}, "contamination: bottle has 5 anomalous images"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_measured(
    small_data: Path, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises((InputError, MissingError), match=message):
        start(request(small_data, **changes), tmp_path / "out", resume=False, watcher=Watcher())
    assert not (tmp_path / "out").exists()


def test_a_set_may_come_once(small_data: Path, tmp_path: Path) -> None:
    twice = (str(small_data / "mvtec_ad" / "bottle"),) * 2
    with pytest.raises(InputError, match="there is a set called bottle already"):
        start(request(small_data, sets=twice), tmp_path, resume=False, watcher=Watcher())


def test_products_share_no_image(small_data: Path, tmp_path: Path) -> None:
    alias = tmp_path / "cup"
    alias.symlink_to(small_data / "mvtec_ad" / "bottle")
    both = (str(small_data / "mvtec_ad" / "bottle"), str(alias))
    with pytest.raises(InputError, match=r"shares images with bottle|called bottle already"):
        start(request(small_data, sets=both), tmp_path / "out", resume=False, watcher=Watcher())


def test_a_product_without_both_kinds_of_images_is_refused(small_data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "cup"
    shutil.copytree(small_data / "mvtec_ad" / "bottle", copy)
    shutil.rmtree(copy / "test" / "good")
    with pytest.raises(InputError, match="cup: expected normal and anomalous images to judge, got 0 and 5"):
        start(request(small_data, sets=(str(copy),)), tmp_path / "out", resume=False, watcher=Watcher())


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Sizes of what MAML-AE was trained on, training by training; jobs are done one by one in this process."""
    done: list[list[int]] = []

    def train(subject: Subject, tasks: list[torch.Tensor], seed: int) -> dict[str, torch.Tensor]:
        assert (subject.detector, seed) == ("maml_ae", 0)
        done.append([len(task) for task in tasks])
        return ResNetAutoEncoder(torch.Generator().manual_seed(1)).state_dict()

    def one_by_one(jobs: Iterable[Any], *, desk: Any, foreman: Any, count: int) -> None:
        assert count == 1
        for job in jobs:
            assert foreman.may_start(job), "what a job needs was made before"
            foreman.finished(job, desk(job, lambda *_: None))

    monkeypatch.setattr(Subject, "train", train)
    monkeypatch.setattr(module, "run_jobs", one_by_one)
    return done


@pytest.fixture
def apart(small_data: Path, tmp_path: Path) -> Path:
    """A folder of two products of three and five photos."""
    for name, count in (("cups", 3), ("lids", 5)):
        (tmp_path / "apart" / name).mkdir(parents=True)
        for index in range(count):
            shutil.copy(
                small_data / "mvtec_ad" / "bottle" / "train" / "good" / f"{index:03}.png", tmp_path / "apart" / name
            )
    return tmp_path / "apart"


def test_trained_apart_a_detector_is_trained_once_whatever_is_judged(
    small_data: Path, tmp_path: Path, apart: Path, trainings: list[list[int]]
) -> None:
    other = tmp_path / "data" / "can"
    shutil.copytree(small_data / "mvtec_ad" / "bottle", other)
    alone = request(small_data, subjects=(Subject("maml_ae"),), shots=(1,), train_on=(apart,), train_apart=True)
    run = start(alone, tmp_path / "out", resume=False, watcher=Watcher())
    run.measure(jobs=1)
    assert trainings == [[3, 5]]
    results = run.results(MADE, threads=None)
    assert results.protocol.train_apart
    assert "learned from the folders of --train-on alone, once for all" in tables(results)

    # Another product to judge is no other training, and no other cell of the first one.
    both = replace(alone, sets=(*alone.sets, str(other)))
    more = start(both, tmp_path / "out", resume=True, watcher=Watcher())
    more.measure(jobs=1)
    assert trainings == [[3, 5]]
    assert set(run._ids.values()) < set(more._ids.values())

    # Leaving one out is another training for each, and other cells.
    usual = start(replace(both, train_apart=False), tmp_path / "out", resume=True, watcher=Watcher())
    usual.measure(jobs=1)
    assert trainings[1:] == [[12, 3, 5], [12, 3, 5]]
    assert not set(usual._ids.values()) & set(more._ids.values())
    assert "--train-on alone" not in tables(usual.results(MADE, threads=None))


QUICK = """
import sys
from tenshot.evaluation.benchmark.subjects import Subject

class Quick(Subject):
    def train(self, tasks, seed):
        module = sys.modules[self.entry.train.__module__]
        real, module.fit = module.fit, lambda *given, **how: real(*given, **(how | {"steps": 2}))
        try:
            return super().train(tasks, seed)
        finally:
            module.fit = real
"""


def test_workers_train_what_learns_apart(
    small_data: Path, tmp_path: Path, apart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two steps each, for real."""
    (tmp_path / "a_quick_subject.py").write_text(QUICK)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "a_quick_subject", raising=False)
    quick = importlib.import_module("a_quick_subject").Quick
    subjects = (quick("episodic"), quick("maml_ae"), Subject("episodic", untrained=True))
    wanted = request(small_data, subjects=subjects, shots=(1,), seeds=(0,), train_on=(apart,), train_apart=True)
    run = start(replace(wanted, test_images=2), tmp_path / "out", resume=False, watcher=Watcher())
    run.measure(jobs=1)
    cells = {cell.detector: cell for cell in run.results(MADE, threads=None).cells}
    assert set(cells) == {"episodic", "maml_ae", "episodic untrained"}
    assert cells["episodic"].threshold != cells["episodic untrained"].threshold
    files = {file.name.partition("--")[0]: file for file in (tmp_path / "out" / "trained").iterdir()}
    assert set(files) == {"episodic", "maml_ae"}, "once for all that is judged"
    found, start_of_it = (
        build_extractor(ExtractorConfig(name=name, weights=files["episodic"]))
        for name in ("tenshot_resnet10", "tenshot_resnet10_untrained")
    )
    assert found.spec.grid_stride == 16
    assert found.spec.weights != start_of_it.spec.weights


@pytest.mark.parametrize("what", ["weights", "adapter"])
def test_other_weights_in_the_same_file_make_other_cells(small_data: Path, tmp_path: Path, what: str) -> None:
    def ids() -> set[str]:
        identities._content.cache_clear()
        subject = Subject("adaptive", "resnet10", str(tmp_path / "weights"), {"extractor": {"adapter": adapter}})
        run = start(request(small_data, subjects=(subject,)), tmp_path / "out", resume=True, watcher=Watcher())
        return set(run._ids.values())

    adapter = str(tmp_path / "adapter")
    for name in ("weights", "adapter"):
        (tmp_path / name).write_bytes(b"before")
    before = ids()
    assert ids() == before
    (tmp_path / what).write_bytes(b"after")
    assert not ids() & before


def _command(data: Path, out: Path) -> list[str]:
    command = [sys.executable, "-m", "tenshot", "benchmark", str(data / "mvtec_ad" / "bottle"), *TINY]
    return [*command, "--resume", "-o", str(out)]


def test_killed_ten_times_and_resumed_it_is_the_same_to_the_byte(small_data: Path, tmp_path: Path) -> None:
    undisturbed, killed = tmp_path / "undisturbed" / "out", tmp_path / "killed" / "out"
    begin = time.monotonic()
    subprocess.run(_command(small_data, undisturbed), check=True, capture_output=True)
    whole = time.monotonic() - begin
    dice = random.Random(0)  # noqa: S311 - when to kill
    kills = found = 0
    while kills < 10:
        process = subprocess.Popen(_command(small_data, killed), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            assert process.wait(timeout=dice.uniform(0.4, 0.9) * whole) == 0
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
            cells = killed / "cells.jsonl"
            found += cells.exists() and cells.stat().st_size > 0
        else:
            # Done before the knife fell: start over, so that all ten kills hit something.
            shutil.rmtree(killed)
    subprocess.run(_command(small_data, killed), check=True, capture_output=True)
    for name in ("results.json", "results.md", "report.html"):
        assert (killed / name).read_bytes() == (undisturbed / name).read_bytes()
    assert found > 0, "no kill came after a finished cell"
