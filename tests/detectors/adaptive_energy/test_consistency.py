"""A file whose digest is right and whose parts do not belong together is refused like a damaged one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save

from tenshot import Adapted, Detector
from tenshot.core.errors import TaskFileError
from tenshot.detectors.adaptive_energy import task_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tenshot.core.types import Image

    Header = dict[str, Any]
    Tensors = dict[str, torch.Tensor]


@pytest.fixture
def tampered(
    detector: Detector, images: list[Image], tmp_path: Path
) -> Callable[[Callable[[Header, Tensors], None]], Path]:
    """Changes the contents of a task file and makes its digest right again."""
    file = detector.adapt(images[:3]).save(tmp_path / "part.tenshot")

    def tamper(change: Callable[[Header, Tensors], None]) -> Path:
        with safe_open(file, framework="pt") as opened:
            header = json.loads(opened.metadata()[task_file.FORMAT])
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        header.pop("digest")
        change(header, tensors)
        header["digest"] = task_file._digest(header, tensors)
        file.write_bytes(save(tensors, metadata={task_file.FORMAT: json.dumps(header, sort_keys=True)}))
        return file

    return tamper


def _entry(name: str, value: object) -> Callable[[Header, Tensors], None]:
    return lambda header, _: header["support"][1].update({name: value})


def _top(name: str, value: object) -> Callable[[Header, Tensors], None]:
    return lambda header, _: header.update({name: value})


def _tensor(name: str, change: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[Header, Tensors], None]:
    return lambda _, tensors: tensors.update({name: change(tensors[name]).contiguous()})


CHANGES: dict[str, Callable[[Header, Tensors], None]] = {
    "no shots": _top("support", []),
    "rate above one": _top("false_alarm_rate", 7),
    "one side": _top("framing", {"size": [64], "tile": None}),
    "sides that do not fit": _top("framing", {"size": [65, 64], "tile": None}),
    "negative score": _entry("score", -1.0),
    "score that is no number": _entry("score", float("nan")),
    "digest that is none": _entry("digest", "[/red]"),
    "the same shot twice": lambda header, _: header["support"][1].update(digest=header["support"][0]["digest"]),
    "order out of range": _tensor("shots.1.order", lambda order: order + 10_000),
    "negative order": _tensor("shots.1.order", lambda order: order - 1),
    "orders of two lengths": _tensor("shots.1.order", lambda order: order[:-1]),
    "features of another grid": _tensor("shots.1.features", lambda z: z[..., :-1]),
    "features of another depth": _tensor("shots.1.features", lambda z: z[:, :, :-1]),
    "features without views": _tensor("shots.1.features", lambda z: z[0]),
    "features in another precision": _tensor("shots.1.features", lambda z: z.float()),
    "infinite features": _tensor("shots.1.features", lambda z: z / 0),
    "a region for nobody": lambda _, tensors: tensors.update(roi=torch.ones(1, 8, 8)),
    "another augmentation": lambda header, _: header["config"]["dictionary"].update(augment="all"),
    "another extractor in the settings": lambda header, _: header["config"]["extractor"].update(name="resnet18"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_parts_that_do_not_belong_together_are_refused(
    change: Callable[[Header, Tensors], None], tampered: Callable[[Callable[[Header, Tensors], None]], Path]
) -> None:
    with pytest.raises(TaskFileError, match=r"part\.tenshot: not a whole tenshot task file"):
        Adapted.load(tampered(change))


def test_untouched_it_is_read(tampered: Callable[[Callable[[Header, Tensors], None]], Path]) -> None:
    assert len(Adapted.load(tampered(lambda *_: None)).support) == 3


def test_metadata_nested_without_end_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "deep.tenshot"
    file.write_bytes(save({}, metadata={task_file.FORMAT: "[" * 100_000}))
    with pytest.raises(TaskFileError, match=r"deep\.tenshot"):
        Adapted.load(file)
