"""Training on other products: leave the judged one out, always."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from typing import TYPE_CHECKING, Any

import torch

from tenshot.core.errors import InputError, OutputError
from tenshot.data.frames import to_tensor
from tenshot.data.pairing import list_folders
from tenshot.data.sources import find_images
from tenshot.data.splitting import draw
from tenshot.detectors.framing import Framing
from tenshot.evaluation.benchmark.judging import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from torch import Tensor

    from tenshot.core.types import Image
    from tenshot.data.folders import Category
    from tenshot.evaluation.benchmark.subjects import Subject

    Source = Path | Image

__all__ = ["Lesson", "lesson", "read_trained", "teach", "trained_file"]

IMAGES_PER_TASK = 64
TRAINING_SEED = 0
IDENTITY, SECONDS = "identity", "seconds"

Lesson = dict[str, tuple["Source", ...]]
"""Normal images by product."""


def lesson(categories: Iterable[Category], *, without: str | None, folders: Sequence[Path]) -> Lesson:
    """What a detector may learn from before it meets a product: up to 64 normal images of every other one.

    Args:
        categories: all products of the benchmark.
        without: the one that must not be seen; ``None`` if none of them may.
        folders: whose sub-folders of images are further products.

    Raises:
        InputError: if nothing is left; a folder without sub-folders; one that holds images of a product that is judged,
            or lies within it; or two products of one name.
    """
    held = list(categories)
    seen = [] if without is None else [each for each in held if each.name != without]
    tasks = {each.name: _drawn(each.train_good) for each in seen}
    for folder in folders:
        _refuse_judged(folder, held)
        for place in _places(folder):
            name = f"{folder.resolve().name}/{place.name}"
            if name in tasks:
                msg = f"--train-on {folder}: there is a product called {name} already; every name may come once"
                raise InputError(msg)
            tasks[name] = _drawn(find_images(place))
    if not tasks:
        msg = f"{without or '--train-apart'}: nothing else to train on; name more sets, or folders by --train-on"
        raise InputError(msg)
    return tasks


def teach(subject: Subject, tasks: Lesson, *, file: Path, identity: str) -> None:
    """Trains a detector and keeps what it learned, whole or not at all.

    Args:
        subject: who learns.
        tasks: from what.
        file: where the weights go.
        identity: of the training, kept in the file.
    """
    from safetensors.torch import save_file

    side = subject.entry.side
    if side is None:
        raise TypeError(subject.detector)
    framing = Framing((side, side))
    stacks = [torch.cat([framing.cut(to_tensor(read(source))) for source in task]) for task in tasks.values()]
    begin = time.perf_counter()
    weights = subject.train(stacks, TRAINING_SEED)
    seconds = time.perf_counter() - begin
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        plain = {name: tensor.contiguous() for name, tensor in weights.items()}
        save_file(plain, beside, metadata={**subject.entry.facts, IDENTITY: identity, SECONDS: str(seconds)})
        beside.replace(file)
    except OSError as error:
        msg = f"{file}: cannot write the trained weights ({error.strerror or error})"
        raise OutputError(msg) from error


def read_trained(file: Path, identity: str) -> tuple[dict[str, Tensor], float] | None:
    """Weights that a training gave and the seconds it took; ``None`` if the file is not of that training."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt") as content:
            facts: Mapping[str, str] = content.metadata() or {}
            if facts.get(IDENTITY) != identity:
                return None
            return {name: content.get_tensor(name) for name in content.keys()}, float(facts[SECONDS])  # noqa: SIM118
    except (OSError, SafetensorError):
        return None


def trained_file(folder: Path, subject: str, without: str | None) -> Path:
    """Where the weights of a subject that has not seen a product, or none at all, are kept."""
    slug = re.sub(r"[^A-Za-z0-9.=-]+", "_", f"{subject}--{without or 'apart'}")
    unique = hashlib.sha256(json.dumps([subject, without]).encode()).hexdigest()[:8]
    return folder / f"{slug}-{unique}.safetensors"


def _places(folder: Path) -> list[Path]:
    places = list_folders(folder)
    if not places:
        msg = f"--train-on {folder}: expected a folder with a sub-folder of images per product, got none"
        raise InputError(msg)
    return places


def _refuse_judged(folder: Path, categories: Iterable[Category]) -> None:
    """What is judged must not be learned under another name."""
    whole = folder.resolve()
    for category in categories:
        root = category.root.resolve() if category.root else None
        if root and (root.is_relative_to(whole) or whole.is_relative_to(root)):
            msg = f"--train-on {folder}: expected no images of what is judged, but {category.name} lies there"
            raise InputError(msg)


def _drawn(sources: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(sources[index] for index in sorted(draw(range(len(sources)), IMAGES_PER_TASK, TRAINING_SEED)))
