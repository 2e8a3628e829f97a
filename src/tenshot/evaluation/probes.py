"""The product's side of the benchmark: what is timed in a fresh process. The counterpart of ``peer.py``.

``python -m tenshot.evaluation.probes KIND ARGUMENTS``; the last line of output is JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenshot.detectors import Detector

__all__ = ["adapt", "photos", "ratios", "start", "weights"]

SIDE = 256
COUNT = 10
PASSES = 3
PEER_LAYERS = (2, 3)
FORWARDS = 60
SOLVES = 5
SOLVERS = ("default", "active", "full", "nearest")
ADAPTATIONS = 8


def photos(good: str, query: str) -> dict[str, Any]:
    """Writes twice ten real photos, functional solar cells scaled to 256 px, as colour PNG files."""
    from PIL import Image

    from tenshot.data.elpv import read_elpv

    paths = [cell.path for cell in read_elpv() if cell.probability == 0][: 2 * COUNT]
    for index, path in enumerate(paths):
        folder = Path(good if index < COUNT else query)
        folder.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as photo:
            photo.convert("RGB").resize((SIDE, SIDE)).save(folder / f"{index:02}.png")
    return {"photos": len(paths)}


def weights(file: str) -> dict[str, Any]:
    """Writes the weights of the default network for the peer, who numbers its tensors as timm does."""
    from safetensors.torch import save_file

    from tenshot.features import TimmExtractor, build_extractor

    extractor = build_extractor(_detector_config("default").extractor)
    if not isinstance(extractor, TimmExtractor):
        raise TypeError(type(extractor))
    save_file({name: tensor.contiguous() for name, tensor in extractor.network.state_dict().items()}, file)
    return {"digest": extractor.spec.weights}


def adapt(good: str, query: str, task: str, layers: str) -> dict[str, Any]:
    """Times adaptation to a folder, and scoring of every photo of another one, from file to map."""
    detector = _detector(layers)
    begin = time.perf_counter()
    adapted = detector.adapt(sorted(Path(good).iterdir()))
    adaptation = time.perf_counter() - begin
    queries = [path for _ in range(PASSES) for path in sorted(Path(query).iterdir())]
    seconds = [_seconds(partial(adapted.predict, path)) for path in queries]
    adapted.save(task)
    return {"adapt": adaptation, "score": seconds}


def start(task: str, image: str) -> dict[str, Any]:
    """Loads a task file and scores one photo; says when the score was there."""
    from tenshot import Adapted

    _set_threads()
    [prediction] = Adapted.load(task).predict(image)
    return {"scored_at": time.monotonic(), "score": prediction.score}


def ratios(good: str) -> dict[str, Any]:
    """Times, turn by turn, the extractor's forward pass and what the product does with it.

    ``forward`` and ``score`` take the same tensor; ``predict`` takes a decoded photo and ends with a verdict. ``adapt``
    takes ten decoded photos and ``forwards`` the tensors of the same ten, one by one. ``solvers`` is what follows the
    network, by solver.
    """
    import torch

    from tenshot import read_image
    from tenshot.data.frames import to_tensor

    detector = _detector("default")
    images = [read_image(path).pixels for path in sorted(Path(good).iterdir())]
    frames = [to_tensor(read_image(pixels))[None].contiguous() for pixels in images]
    adapted, extractor = detector.adapt(images), detector.extractor
    times: dict[str, list[float]] = {name: [] for name in ("forward", "score", "predict", "adapt", "forwards")}

    def turn(**what: Callable[[], object]) -> None:
        for name, action in what.items():
            times[name].append(_seconds(action))

    def forwards() -> None:
        for frame in frames:
            extractor(frame)

    with torch.no_grad():
        for _ in range(FORWARDS):
            turn(
                forward=lambda: extractor(frames[0]),
                score=lambda: adapted.path(frames[0]),
                predict=lambda: adapted.predict(images[0]),
            )
        for _ in range(ADAPTATIONS):
            turn(adapt=lambda: detector.adapt(images), forwards=forwards)
        solvers = {name: _solving(detector, name, images) for name in SOLVERS}
    return {"warm_up": {"pairs": FORWARDS // 6, "adaptations": 1}, **times, "solvers": solvers}


def _solving(detector: Detector, name: str, images: list[Any]) -> list[float]:
    """Times from features to score and map with another solver, on the same photos."""
    from tenshot import Detector, read_image
    from tenshot.data.frames import to_tensor
    from tenshot.evaluation.solvers import configure

    path = Detector(detector.extractor, configure(name, detector.config)).adapt(images).path
    features = path.embed(to_tensor(read_image(images[0]))[None].contiguous())
    size = path.frame_size(features)
    return [_seconds(partial(path.judge, features, size=size)) for _ in range(SOLVES)]


def _detector(layers: str) -> Detector:
    from tenshot import Detector

    _set_threads()
    return Detector.from_pretrained(config=_detector_config(layers))


def _detector_config(layers: str) -> Any:  # noqa: ANN401 - imported where it is used, so that starting is timed in full
    from tenshot.core.config import DetectorConfig, ExtractorConfig

    return DetectorConfig(extractor=ExtractorConfig(layers=PEER_LAYERS if layers == "peer" else None), image_size=SIDE)


def _set_threads() -> None:
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


def _seconds(action: Callable[[], object]) -> float:
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


if __name__ == "__main__":
    kinds: dict[str, Callable[..., dict[str, Any]]] = {
        "photos": photos,
        "weights": weights,
        "adapt": adapt,
        "start": start,
        "ratios": ratios,
    }
    sys.stdout.write(json.dumps(kinds[sys.argv[1]](*sys.argv[2:])) + "\n")
