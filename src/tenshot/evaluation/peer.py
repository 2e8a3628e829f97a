"""The peer's side of the benchmark: anomalib's PatchCore. Run by the peer's own interpreter; knows nothing of tenshot.

Four kinds of run, each in a fresh process, each with one line of JSON as its last output:

- ``adapt GOOD QUERY WEIGHTS MODEL``: its parts without a trainer (image reader, pre-processing, model, coreset) on all
  images of GOOD, then on those of QUERY one by one; the model is kept in MODEL.
- ``start WEIGHTS MODEL IMAGE``: reads the model and scores one image.
- ``engine GOOD QUERY``: what its documentation tells a user to type: ``Engine.fit`` and ``Engine.predict``.
- ``neighbours FEATURES ANSWER``: scores and maps from given features, coreset off, with one neighbour and with nine.

Weights are those of the product's network, so that both sides see the same numbers.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

NETWORK = "tf_efficientnet_lite0"
LAYERS = ("blocks.2", "blocks.4")
PASSES = 3


def adapt(good: str, query: str, weights: str, model_file: str) -> dict[str, Any]:
    """Times adaptation to a folder, and scoring of every image of another one."""
    import torch
    from safetensors.torch import save_file

    model, read = _model(weights)
    begin = time.perf_counter()
    model.train()
    with torch.no_grad():
        for path in sorted(Path(good).iterdir()):
            model(read(path))
    model.subsample_embedding(0.1)
    adapted = time.perf_counter() - begin
    model.eval()
    seconds = [_score(model, read, path)[0] for _ in range(PASSES) for path in sorted(Path(query).iterdir())]
    save_file({"memory_bank": model.memory_bank.contiguous()}, model_file)
    return {"adapt": adapted, "score": seconds, "atoms": len(model.memory_bank)}


def start(weights: str, model_file: str, image: str) -> dict[str, Any]:
    """Reads a kept model and scores one image; says when the score was there."""
    from safetensors.torch import load_file

    model, read = _model(weights)
    model.memory_bank = load_file(model_file)["memory_bank"]
    model.eval()
    _, score = _score(model, read, Path(image))
    return {"scored_at": time.monotonic(), "score": score}


def engine(good: str, query: str) -> dict[str, Any]:
    """Fits and predicts as a user would, with everything optional switched off."""
    from anomalib.data import Folder, PredictDataset
    from anomalib.engine import Engine
    from anomalib.models import Patchcore

    model = Patchcore(backbone=NETWORK, layers=LAYERS, pre_trained=False, visualizer=False, evaluator=False)
    folder = Path(good)
    data = Folder(
        name="part",
        root=folder.parent,
        normal_dir=folder.name,
        normal_split_ratio=0.0,
        test_split_mode="none",
        val_split_mode="none",
        num_workers=0,
        eval_batch_size=1,
    )
    trainer = Engine(
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        limit_val_batches=0,
        default_root_dir=folder.parent / "engine",
    )
    begin = time.perf_counter()
    trainer.fit(model=model, datamodule=data)
    fitted = time.perf_counter() - begin
    predictions = trainer.predict(model=model, dataset=PredictDataset(path=query))
    return {"fit": fitted, "predict": time.perf_counter() - begin - fitted, "images": len(predictions)}


def neighbours(features: str, answer: str) -> dict[str, Any]:
    """Judges features that are given instead of extracted; its own search, score and map, nothing left out."""
    import torch
    from anomalib.models.image.patchcore.torch_model import PatchcoreModel
    from safetensors.torch import load_file, save_file

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    given = load_file(features)
    model = PatchcoreModel(layers=LAYERS[:1], backbone=NETWORK, pre_trained=False).eval()
    model.feature_pooler = torch.nn.Identity()
    model.memory_bank = model.reshape_embedding(given["support"])
    frame = torch.zeros(1, 3, *given["size"].tolist())
    scores: dict[int, list[Any]] = {1: [], 9: []}
    maps = []
    with torch.inference_mode():
        for query in given["queries"]:
            model.feature_extractor = _given(query[None])
            for model.num_neighbors, row in scores.items():
                result = model(frame)
                row.append(result.pred_score.reshape(()))
            maps.append(result.anomaly_map.reshape(frame.shape[-2:]))
    stacked = {f"scores_{count}": torch.stack(row).clone() for count, row in scores.items()}
    save_file({**stacked, "maps": torch.stack(maps).clone()}, answer)
    return {"atoms": len(model.memory_bank), "queries": len(maps)}


def _given(features: Any) -> Any:  # noqa: ANN401 - a module of the peer's torch
    """Stands in for the extractor."""
    import torch

    class Given(torch.nn.Module):
        def forward(self, _: Any) -> dict[str, Any]:  # noqa: ANN401
            return {LAYERS[0]: features}

    return Given()


def _model(weights: str) -> tuple[Any, Any]:
    """The network with the product's weights, and what turns a file into its input."""
    import torch
    from anomalib.data.utils import read_image
    from anomalib.models import Patchcore
    from safetensors.torch import load_file

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    whole = Patchcore(backbone=NETWORK, layers=LAYERS, pre_trained=False, visualizer=False, evaluator=False)
    known = load_file(weights)
    network = whole.model.feature_extractor.feature_extractor
    network.load_state_dict({name: known[name] for name in network.state_dict()})
    prepare = Patchcore.configure_pre_processor(image_size=(256, 256)).transform

    def read(path: Path) -> Any:  # noqa: ANN401 - a tensor of the peer's torch
        return prepare(read_image(path, as_tensor=True))[None]

    return whole.model, read


def _score(model: Any, read: Any, path: Path) -> tuple[float, float]:  # noqa: ANN401 - objects of the peer
    import torch

    begin = time.perf_counter()
    with torch.inference_mode():
        result = model(read(path))
        score = float(result.pred_score)
        result.anomaly_map.numpy()
    return time.perf_counter() - begin, score


if __name__ == "__main__":
    kinds: dict[str, Callable[..., dict[str, Any]]] = {
        "adapt": adapt,
        "start": start,
        "engine": engine,
        "neighbours": neighbours,
    }
    sys.stdout.write("\n" + json.dumps(kinds[sys.argv[1]](*sys.argv[2:])) + "\n")
