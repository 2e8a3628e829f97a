from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import torch
from scipy import ndimage
from scipy.spatial.distance import cdist

from tenshot.core.config import settings
from tenshot.core.errors import InputError
from tenshot.data.folders import read_category
from tenshot.detectors import Detector
from tenshot.evaluation import agreement
from tenshot.evaluation.agreement import AS_PATCHCORE, compare, run_agreement
from tenshot.features import ResNet10Extractor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@pytest.fixture
def detector() -> Detector:
    own = {"extractor": {"name": "resnet10", "layers": (0, 1)}, "image_size": 64}
    return Detector(ResNet10Extractor(layers=(0, 1)), settings({**AS_PATCHCORE, **own}))


def by_hand(features: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What PatchCore answers, by scipy: the distance to the nearest of all positions, the largest one as score."""
    bank = features["support"].permute(0, 2, 3, 1).flatten(0, 2).numpy()
    height, width = features["size"].tolist()
    scores, maps = [], []
    for query in features["queries"].numpy():
        channels, rows, columns = query.shape
        nearest = cdist(query.reshape(channels, -1).T, bank).min(axis=1)
        scores.append(nearest.max())
        fine = nearest.reshape(rows, columns).repeat(height // rows, axis=0).repeat(width // columns, axis=1)
        maps.append(torch.tensor(ndimage.gaussian_filter(fine, 4), dtype=torch.float32))
    return {"scores_1": torch.tensor(scores), "scores_9": torch.tensor(scores), "maps": torch.stack(maps)}


def test_both_sides_agree_on_the_same_features(small_data: Path, detector: Detector) -> None:
    category = read_category(small_data / "mvtec_ad" / "bottle")
    ours, pure, weighted = compare(category, detector, shots=3, seed=0, peer=by_hand)
    assert [cell["who"] for cell in (ours, pure, weighted)] == [agreement.OURS, agreement.PURE, agreement.WEIGHTED]
    assert ours["image_auroc"] == pytest.approx(pure["image_auroc"], abs=1e-9)
    assert ours["pixel_auroc"] == pytest.approx(pure["pixel_auroc"], abs=0.005)
    assert ours["image_auroc"] > 0.5


def test_a_peer_that_answers_otherwise_is_seen(small_data: Path, detector: Detector) -> None:
    def upside_down(features: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {name: -values for name, values in by_hand(features).items()}

    category = read_category(small_data / "mvtec_ad" / "bottle")
    ours, pure, _ = compare(category, detector, shots=3, seed=0, peer=upside_down)
    assert pure["image_auroc"] == pytest.approx(1 - ours["image_auroc"])


def test_photos_of_several_sizes_are_refused(
    small_data: Path, detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = iter(range(8, 30))
    monkeypatch.setattr(agreement, "_features", lambda *_: torch.zeros(1, 3, next(sizes), 8))
    with pytest.raises(InputError, match="bottle: expected photos of one size"):
        compare(read_category(small_data / "mvtec_ad" / "bottle"), detector, shots=2, seed=0, peer=by_hand)


def test_the_table_says_how_far_apart_they_are(
    small_data: Path, detector: Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement, "peer_python", lambda folder, **_: folder / "bin" / "python")
    monkeypatch.setattr(agreement, "ask_peer", lambda *_, **__: by_hand)
    monkeypatch.setattr(agreement.Detector, "from_pretrained", lambda **_: detector)
    out, said = tmp_path / "agreement.md", []
    threads = torch.get_num_threads()
    run_agreement(
        out,
        data=small_data,
        sets=["mvtec_ad/bottle"],
        shots=3,
        seeds=2,
        threads=threads,
        peer=tmp_path,
        tell=said.append,
    )
    assert said == ["mvtec_ad/bottle, seed 0", "mvtec_ad/bottle, seed 1"]
    assert len(json.loads(out.with_suffix(".json").read_text())["cells"]) == 6
    [row] = [line for line in out.read_text().split("### Pixel")[0].splitlines() if line.startswith("| mvtec_ad")]
    assert row.split("|")[-2].strip() == "0.00"
