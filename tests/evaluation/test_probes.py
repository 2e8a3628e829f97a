from __future__ import annotations

from pathlib import Path

import PIL.Image
import pytest
import torch
from safetensors.torch import load_file

from tenshot import Adapted
from tenshot.evaluation import probes
from tenshot.features import TimmExtractor


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    root = tmp_path_factory.mktemp("photos")
    probes.photos(str(root / "good"), str(root / "query"))
    return str(root / "good"), str(root / "query")


@pytest.fixture(autouse=True)
def _same_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", str(torch.get_num_threads()))


def test_photos_are_twenty_different_ones_of_the_right_size(folders: tuple[str, str]) -> None:
    files = [file for folder in folders for file in Path(folder).iterdir()]
    assert len({file.read_bytes() for file in files}) == len(files) == 20
    with PIL.Image.open(files[0]) as photo:
        assert (photo.size, photo.mode, photo.format) == ((256, 256), "RGB", "PNG")


def test_a_kept_task_is_scored_by_the_next_process(folders: tuple[str, str], tmp_path: Path) -> None:
    task, photo = tmp_path / "part.tenshot", min(Path(folders[1]).iterdir())
    report = probes.adapt(*folders, str(task), "peer")
    assert len(report["score"]) == probes.PASSES * 10
    assert report["adapt"] > 0
    kept = Adapted.load(task)
    assert kept.path.extractor.spec.layers == probes.PEER_LAYERS
    assert probes.start(str(task), str(photo))["score"] == kept.predict(photo)[0].score


def test_ratios_are_measured_in_turns(folders: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "FORWARDS", 6)
    monkeypatch.setattr(probes, "ADAPTATIONS", 2)
    report = probes.ratios(folders[0])
    assert [len(report[name]) for name in ("forward", "score", "predict", "adapt", "forwards")] == [6, 6, 6, 2, 2]
    assert list(report["solvers"]) == list(probes.SOLVERS)
    measured = [*report["solvers"].values(), *(report[name] for name in ("forward", "score", "predict"))]
    assert all(seconds > 0 for times in measured for seconds in times)


def test_the_peer_gets_the_weights_of_the_product(tmp_path: Path) -> None:
    report = probes.weights(str(tmp_path / "weights.safetensors"))
    extractor = TimmExtractor("efficientnet_lite0")
    assert report["digest"] == extractor.spec.weights
    given = load_file(tmp_path / "weights.safetensors")
    assert all(torch.equal(given[name], tensor) for name, tensor in extractor.network.state_dict().items())
