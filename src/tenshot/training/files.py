"""Files that are there whole or not at all, whatever ends the process that writes them."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from tenshot.core.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

__all__ = ["write_tensors", "write_whole"]


def write_whole(file: Path, content: bytes) -> None:
    """Writes a file beside its place, waits until it is on the disk, and renames it; its folder is made if need be.

    Raises:
        OutputError: if it cannot be written; what was there before is untouched.
    """
    # Always by the same name, so that what a killed process has left is written over.
    beside = file.with_name(f".{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with beside.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(file)
        except BaseException:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise
        _settle(file.parent)
    except OSError as error:
        msg = f"{file}: cannot be written ({error.strerror or error})"
        raise OutputError(msg) from error


def write_tensors(file: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str]) -> None:
    """Writes a safetensors file as ``write_whole`` does; tensors may be anywhere and lie as they like.

    Raises:
        OutputError: if it cannot be written.
    """
    from safetensors.torch import save

    plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    write_whole(file, save(plain, metadata))


def _settle(folder: Path) -> None:
    """Waits until a folder's names are on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
