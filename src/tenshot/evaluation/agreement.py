"""Does our nearest neighbour agree with anomalib's PatchCore, coreset off, on the same features of the same images?

Both sides get the very same numbers: features are extracted once, by the product, and handed to PatchCore in place of
its own extractor and pooling. What is left to differ is the search, the score and the map.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from tenshot.core.config import settings
from tenshot.core.errors import InputError
from tenshot.data.catalogue import find_sets
from tenshot.detectors import Detector
from tenshot.detectors.framing import take_photo
from tenshot.evaluation.benchmark.conditions import parse_condition
from tenshot.evaluation.benchmark.draws import draw, draw_names
from tenshot.evaluation.benchmark.judging import read, resize_map, truth
from tenshot.evaluation.ledger import Ledger, write_whole
from tenshot.evaluation.machine import one_line
from tenshot.evaluation.peer_environment import PEER, peer_python
from tenshot.evaluation.processes import run_process
from tenshot.evaluation.tables import MISSING, markdown_table, mean_spread
from tenshot.metrics import image_auroc, pixel_auroc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tenshot.core.types import Prediction
    from tenshot.data.folders import Category
    from tenshot.detectors import Adapted
    from tenshot.evaluation.ledger import Cell

    Tell = Callable[[str], None]
    Maps = Sequence[NDArray[np.float32]]

__all__ = ["agreement_page", "ask_peer", "compare", "run_agreement"]

# As PatchCore: raw features, the nearest of all atoms, the largest distance as score.
AS_PATCHCORE: dict[str, object] = {
    "coding": {"method": "nearest", "normalise": False},
    "dictionary": {"atoms": None},
    "scoring": {"worst_share": 1e-9},
}
OURS, PURE, WEIGHTED = "tenshot nearest", "PatchCore, 1 neighbour", "PatchCore, 9 neighbours"
SCORES = {PURE: "scores_1", WEIGHTED: "scores_9"}
POINTS = 100
PATIENCE = 3600.0


def run_agreement(
    out: Path, *, data: Path | None, sets: Sequence[str], shots: int, seeds: int, threads: int, peer: Path, tell: Tell
) -> None:
    """Measures both sides, and writes ``out`` and the JSON file beside it, anew every time.

    Args:
        out: the Markdown file.
        data: folder in which known sets are looked up.
        sets: folders or names of known sets.
        shots: size of the support.
        seeds: how many draws.
        threads: how many threads either side may use.
        peer: folder of the peer's environment.
        tell: told how far the run is.

    Raises:
        MissingError: if the peer cannot be installed, or a set is not there.
        OutputError: if the results cannot be written.
        TenshotError: if the peer fails.
    """
    python = peer_python(peer.absolute(), tell=tell)
    torch.set_num_threads(threads)
    detector = Detector.from_pretrained(config=settings(AS_PATCHCORE))
    ledger = Ledger(
        out.with_suffix(".json"),
        title="agreement",
        settings={"shots": shots, "seeds": seeds, "peer": PEER, "detector": detector.settings},
        resume=False,
    )
    for category in (each for wanted in sets for each in find_sets(wanted, data=data)):
        for seed in range(seeds):
            tell(f"{category.name}, seed {seed}")
            for cell in compare(category, detector, shots=shots, seed=seed, peer=ask_peer(python, threads=threads)):
                ledger.add(cell)
    write_whole(out, agreement_page(ledger))


def compare(
    category: Category,
    detector: Detector,
    *,
    shots: int,
    seed: int,
    peer: Callable[[Mapping[str, torch.Tensor]], dict[str, torch.Tensor]],
) -> list[Cell]:
    """Judges all test images of a product by both sides.

    Args:
        category: the product; all photos of one size, so that its features can be stacked.
        detector: set up as PatchCore.
        shots: size of the support.
        seed: of the draw.
        peer: answers features ``support`` ``(K, d, h', w')`` and ``queries`` ``(N, d, h', w')`` by scores ``(N,)`` and
            ``maps`` ``(N, h, w)``.

    Raises:
        InputError: for photos of several sizes.
    """
    names = draw_names(category, shots, [seed])[str(seed)]
    support = draw(category, names, shots=shots, condition=parse_condition("plain"), seed=seed).support
    adapted = detector.adapt(support)
    images = [read(item.source) for item in category.test]
    predictions = adapted.predict(images)
    queries = [_features(adapted, image) for image in images]
    if len({each.shape for each in queries}) > 1:
        msg = f"{category.name}: expected photos of one size, got several"
        raise InputError(msg)
    height, width = predictions[0].anomaly_map.shape
    answer = peer(
        {
            "support": torch.cat([shot.features[0].float() for shot in adapted.task.shots]),
            "queries": torch.cat(queries),
            "size": torch.tensor([height, width]),
        }
    )
    return _cells(category, seed, predictions, answer)


def _features(adapted: Adapted, image: Any) -> torch.Tensor:  # noqa: ANN401 - a decoded image
    frames = take_photo(image, framing=adapted.task.framing, roi=None).frames
    with torch.no_grad():
        return adapted.path.embed(frames)


def _cells(
    category: Category, seed: int, predictions: Sequence[Prediction], answer: Mapping[str, torch.Tensor]
) -> list[Cell]:
    labels = [item.is_anomalous for item in category.test]
    masks = [truth(item) for item in category.test] if category.has_all_masks else []
    ours = [resize_map(each.anomaly_map) for each in predictions]
    theirs = [resize_map(each.numpy()) for each in answer["maps"]]
    judged: dict[str, tuple[list[float], Maps]] = {OURS: ([each.score for each in predictions], ours)}
    judged |= {who: (answer[key].tolist(), theirs) for who, key in SCORES.items()}
    return [
        {
            "set": category.name,
            "seed": seed,
            "who": who,
            "image_auroc": image_auroc(labels, scores),
            "pixel_auroc": pixel_auroc(masks, maps) if masks else None,
        }
        for who, (scores, maps) in judged.items()
    ]


def ask_peer(python: Path, *, threads: int) -> Callable[[Mapping[str, torch.Tensor]], dict[str, torch.Tensor]]:
    """PatchCore in the peer's environment: features go there and answers come back as files of tensors."""
    from safetensors.torch import load_file, save_file

    def ask(features: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        with tempfile.TemporaryDirectory(prefix="tenshot-peer-") as name:
            asked, answered = Path(name) / "features.safetensors", Path(name) / "answer.safetensors"
            save_file({key: tensor.contiguous() for key, tensor in features.items()}, asked)
            script = Path(__file__).with_name("peer.py")
            # -P: the peer must not find modules of this folder under the names of its own.
            command = (python, "-P", "-W", "ignore", script, "neighbours", asked, answered)
            run_process(command, threads=threads, patience=PATIENCE)
            return dict(load_file(answered))

    return ask


def agreement_page(ledger: Ledger) -> str:
    """The table: both sides, and the largest difference in points of AUROC."""
    head = ledger.header
    tables = "\n\n".join(
        f"### {title}\n\n{_table(ledger.cells, metric)}"
        for metric, title in (("image_auroc", "Image AUROC"), ("pixel_auroc", "Pixel AUROC"))
    )
    versions = ", ".join(f"{name} {number}" for name, number in head["versions"].items() if number)
    return (
        f"# Nearest neighbour and {PEER.replace('==', ' ')}'s PatchCore, coreset off, on the same features\n\n"
        f"{head['settings']['shots']} shots, {head['settings']['seeds']} draws: mean ± standard deviation. "
        "*Largest difference* is over draws, in points of AUROC (hundredths), to PatchCore with one neighbour; with "
        "nine, its default, PatchCore weights the largest distance by its neighbours' (its paper's Eq. 7), which moves "
        "image scores and no maps.\n\n"
        f"{tables}\n\n"
        f"Made by `make agreement`; commit {head['commit'] or 'unknown'}; {versions}; {one_line(head['machine'])}. "
        f"Every cell: `{ledger.file.name}`.\n"
    )


def _table(cells: Sequence[Cell], metric: str) -> str:
    rows = []
    for name in dict.fromkeys(cell["set"] for cell in cells):
        found = {who: _by_seed(cells, name, who, metric) for who in (OURS, PURE, WEIGHTED)}
        gaps = [POINTS * abs(found[OURS][seed] - found[PURE][seed]) for seed in found[OURS]]
        largest = f"{max(gaps):.2f}" if gaps else MISSING
        rows.append([name, *(mean_spread(list(each.values()), digits=4) for each in found.values()), largest])
    return markdown_table(["set", OURS, PURE, WEIGHTED, "largest difference"], rows)


def _by_seed(cells: Sequence[Cell], name: str, who: str, metric: str) -> dict[int, float]:
    of = [cell for cell in cells if cell["set"] == name and cell["who"] == who and cell[metric] is not None]
    return {cell["seed"]: cell[metric] for cell in of}
