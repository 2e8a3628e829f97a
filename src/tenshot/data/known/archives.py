"""Binary files that hold thousands of images: IDX, as MNIST has it, and the batches of CIFAR-10. No pickle."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from typing import IO, TYPE_CHECKING, cast

import numpy as np

from tenshot.core.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["read_cifar", "read_idx"]

UNSIGNED_BYTES = 0x08
MOST_BYTES = 1 << 30  # far above both sets, and below what a damaged header may claim

SIDE = 32
CLASSES = 10
RECORD = 1 + 3 * SIDE * SIDE


def read_idx(file: Path, *, dimensions: int) -> NDArray[np.uint8]:
    """Reads an IDX file of unsigned bytes.

    Args:
        file: packed by gzip if its name ends in ``.gz``.
        dimensions: how many the array must have.

    Returns:
        The array, of the shape that the header gives.

    Raises:
        InputError: it is no such file, is damaged, or holds fewer or more bytes than its header says.
    """
    try:
        with _open(file) as opened:
            shape = _idx_shape(opened.read(4 + 4 * dimensions), file, dimensions)
            size = math.prod(shape)
            data = opened.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        msg = f"{file} cannot be read; it is truncated or damaged ({error})"
        raise InputError(msg) from error
    if len(data) != size:
        got = "more" if len(data) > size else f"{len(data):,}"
        msg = f"{file}: its header promises {size:,} bytes ({' x '.join(map(str, shape))}), got {got}"
        raise InputError(msg)
    return np.frombuffer(data, np.uint8).reshape(shape)


def read_cifar(file: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Reads a batch of CIFAR-10's binary version: a label and three colour planes an image, 3,073 bytes.

    Returns:
        Images ``(N, 32, 32, 3)``, and their labels ``(N,)``, 0 to 9.

    Raises:
        InputError: the file is truncated, or is no such batch.
    """
    raw = np.fromfile(file, np.uint8)
    if raw.size == 0 or raw.size % RECORD:
        msg = f"{file}: a batch of CIFAR-10 is a multiple of {RECORD:,} bytes, got {raw.size:,}"
        raise InputError(msg)
    records = raw.reshape(-1, RECORD)
    labels = records[:, 0]
    if labels.max() >= CLASSES:
        msg = f"{file}: labels must lie in 0..9, got {labels.max()}; is it the binary version of CIFAR-10?"
        raise InputError(msg)
    return records[:, 1:].reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1), labels


def _open(file: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(file)) if file.suffix == ".gz" else file.open("rb")


def _idx_shape(header: bytes, file: Path, dimensions: int) -> tuple[int, ...]:
    magic = bytes((0, 0, UNSIGNED_BYTES, dimensions))
    if len(header) != 4 + 4 * dimensions or header[:4] != magic:
        msg = f"{file}: expected an IDX file that begins with {magic.hex(' ')}, got {header[:4].hex(' ')}"
        raise InputError(msg)
    shape = struct.unpack(f">{dimensions}I", header[4:])
    if math.prod(shape) > MOST_BYTES:
        msg = f"{file}: its header promises {math.prod(shape):,} bytes, more than {MOST_BYTES:,}; it is damaged"
        raise InputError(msg)
    return shape
