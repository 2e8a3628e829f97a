"""Checkpoints: the state of a training in safetensors files, each whole or not there; the newest two are kept.

A file is tensors and one JSON text that says how they nest (``flattening``), under a hash that shows any damage.
"""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from tenshot.core.errors import InputError, OutputError
from tenshot.training.files import write_whole
from tenshot.training.flattening import flatten, unflatten

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

__all__ = ["Checkpoint", "Checkpoints", "read_checkpoint", "write_checkpoint"]

FORMAT = "tenshot checkpoint 1"
KEPT = 2
NAME = re.compile(r"step-(\d+)\.safetensors")
LENGTH_BYTES = 8


def write_checkpoint(file: Path, state: dict[str, Any]) -> None:
    """Writes nested state; there is never half a file.

    Raises:
        InputError: for state that safetensors and JSON cannot keep.
        OutputError: if it cannot be written.
    """
    from safetensors.torch import save

    shape, tensors = flatten(state)
    text = json.dumps(shape, allow_nan=False)
    write_whole(file, save(tensors, {"format": FORMAT, "state": text, "sha256": _digest(text, tensors)}))


def read_checkpoint(file: Path) -> dict[str, Any]:
    """Reads what ``write_checkpoint`` wrote, to the bit and to the type.

    Raises:
        InputError: if it is not there, damaged, or something else.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        content = file.read_bytes()
        length = int.from_bytes(content[:LENGTH_BYTES], "little")
        about = json.loads(content[LENGTH_BYTES : LENGTH_BYTES + length])["__metadata__"]
        # Copies, which lie in memory as tensors do, where those of a file may lie anywhere.
        tensors = {name: tensor.clone() for name, tensor in load(content).items()}
        whole = about["format"] == FORMAT and about["sha256"] == _digest(about["state"], tensors)
    except OSError as error:
        msg = f"{file}: cannot be read ({error.strerror or error})"
        raise InputError(msg) from error
    except (SafetensorError, ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        msg = f"{file}: expected a checkpoint of a training, got a damaged one or another file"
        raise InputError(msg)
    return dict(unflatten(json.loads(about["state"]), tensors))


def _digest(text: str, tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


class Checkpoint(NamedTuple):
    """A checkpoint that was found.

    Attributes:
        file: where.
        state: what it holds.
        remark: a sentence about newer ones that are damaged, empty if there are none.
    """

    file: Path
    state: dict[str, Any]
    remark: str


class Checkpoints:
    """The checkpoints of one training, ``step-00000100.safetensors`` and so on.

    Args:
        folder: where they are; made with the first of them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, step: int) -> Path:
        """Where the checkpoint of a step goes."""
        return self.folder / f"step-{step:08}.safetensors"

    def files(self) -> list[Path]:
        """Those that are there, the newest first."""
        try:
            found = [file for file in self.folder.iterdir() if NAME.fullmatch(file.name)]
        except FileNotFoundError:
            return []
        except OSError as error:
            msg = f"{self.folder}: expected a folder of checkpoints ({error.strerror or error})"
            raise InputError(msg) from error
        return sorted(found, key=lambda file: int(file.name[len("step-") :].partition(".")[0]), reverse=True)

    def save(self, step: int, state: dict[str, Any]) -> None:
        """Writes one, then removes all but the newest two, and those of later steps, which a resumed run has left.

        Raises:
            InputError: for state that cannot be kept.
            OutputError: if it cannot be written; the others are untouched.
        """
        file = self.file(step)
        try:
            write_checkpoint(file, state)
        except OutputError as error:
            msg = f"the checkpoint of step {step} {str(error).removeprefix(f'{file}: ')}"
            raise OutputError(msg) from error
        files = self.files()
        place = files.index(file)
        for old in files[:place] + files[place + KEPT :]:
            with suppress(OSError):
                old.unlink(missing_ok=True)

    def newest(self) -> Checkpoint | None:
        """The newest one that is whole; ``None`` if there is none at all.

        Raises:
            InputError: if there are some and all are damaged.
        """
        damaged: list[str] = []
        files = self.files()
        for file in files:
            try:
                state = read_checkpoint(file)
            except InputError:
                damaged.append(file.name)
                continue
            remark = f"{' and '.join(damaged)} damaged: going on from {file.name}" if damaged else ""
            return Checkpoint(file, state, remark)
        if files:
            msg = f"{self.folder}: expected a whole checkpoint, but {' and '.join(damaged)} are damaged"
            raise InputError(msg)
        return None
