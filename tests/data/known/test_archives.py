from __future__ import annotations

import gzip
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tenshot.core.errors import InputError
from tenshot.data.known.archives import read_cifar, read_idx

if TYPE_CHECKING:
    from pathlib import Path

PIXELS = np.random.default_rng(0).integers(0, 255, (3, 4, 5), np.uint8)
IDX = struct.pack(">4B3I", 0, 0, 8, 3, 3, 4, 5) + PIXELS.tobytes()


@pytest.mark.parametrize("name", ["x-ubyte", "x-ubyte.gz"])
def test_idx(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(gzip.compress(IDX) if name.endswith(".gz") else IDX)
    assert np.array_equal(read_idx(file, dimensions=3), PIXELS)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "begins with 00 00 08 03, got"),
        (b"\x00\x00\x0d\x03" + IDX[4:], "begins with 00 00 08 03, got 00 00 0d 03"),
        (b"\x00\x00\x08\x01" + IDX[4:], "got 00 00 08 01"),
        (IDX[:10], "begins with"),
        (IDX[:-1], r"promises 60 bytes \(3 x 4 x 5\), got 59"),
        (IDX + b"x", "promises 60 bytes .* got more"),
        (struct.pack(">4B3I", 0, 0, 8, 3, 2**20, 2**20, 2), "it is damaged"),
    ],
)
def test_broken_idx(tmp_path: Path, data: bytes, words: str) -> None:
    for name, content in (("x", data), ("x.gz", gzip.compress(data))):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=words):
            read_idx(tmp_path / name, dimensions=3)


@pytest.mark.parametrize("data", [IDX, gzip.compress(IDX)[:-20], gzip.compress(IDX)[:20] + b"x" * 40, b""])
def test_broken_gzip(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.gz").write_bytes(data)
    with pytest.raises(InputError, match=r"x\.gz"):
        read_idx(tmp_path / "x.gz", dimensions=3)


def test_cifar(tmp_path: Path) -> None:
    planes = np.random.default_rng(1).integers(0, 255, (2, 3, 32, 32), np.uint8)
    file = tmp_path / "data_batch_1.bin"
    file.write_bytes(b"".join(bytes([label]) + image.tobytes() for label, image in zip((7, 0), planes, strict=True)))
    images, labels = read_cifar(file)
    assert labels.tolist() == [7, 0]
    assert images.shape == (2, 32, 32, 3)
    assert images[1, 5, 9].tolist() == planes[1, :, 5, 9].tolist()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (bytes(3072), "multiple of 3,073 bytes, got 3,072"),
        (b"", "got 0"),
        (b"\x80" + bytes(3072), r"labels must lie in 0\.\.9, got 128"),
    ],
)
def test_broken_cifar(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "test_batch.bin").write_bytes(data)
    with pytest.raises(InputError, match=words):
        read_cifar(tmp_path / "test_batch.bin")
