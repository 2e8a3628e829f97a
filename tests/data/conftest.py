"""Writers of PNG and TIFF files that no imaging library has touched, as independent oracles of decoding."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Writer = Callable[..., Path]

_PNG_COLOUR = {1: 0, 2: 4, 3: 2, 4: 6}


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _predicted(left: NDArray[Any], up: NDArray[Any], corner: NDArray[Any], kind: int) -> NDArray[Any]:
    """The five filters of the PNG specification."""
    guess = left + up - corner
    by_left, by_up, by_corner = abs(guess - left), abs(guess - up), abs(guess - corner)
    paeth = np.where((by_left <= by_up) & (by_left <= by_corner), left, np.where(by_up <= by_corner, up, corner))
    return (0 * left, left, up, (left + up) // 2, paeth)[kind]


def png_bytes(pixels: NDArray[Any], *, extra: Mapping[bytes, bytes] | None = None) -> bytes:
    """A PNG of 8 or 16 bits, 1 to 4 channels, its rows filtered in all five ways by turns."""
    height, width, channels = pixels.shape
    depth = pixels.dtype.itemsize
    step = channels * depth
    rows = np.frombuffer(pixels.astype(pixels.dtype.newbyteorder(">")).tobytes(), np.uint8).reshape(height, -1)
    padded = np.pad(rows.astype(int), ((1, 0), (step, 0)))
    body = b""
    for y in range(height):
        now, before = padded[y + 1], padded[y]
        guess = _predicted(now[:-step], before[step:], before[:-step], y % 5)
        body += bytes([y % 5]) + ((now[step:] - guess) % 256).astype(np.uint8).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8 * depth, _PNG_COLOUR[channels], 0, 0, 0)
    chunks = [(b"IHDR", header), *(extra or {}).items(), (b"IDAT", zlib.compress(body)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def tiff_bytes(
    pixels: NDArray[Any], *, order: str = "<", compressed: bool = False, planar: bool = False, orientation: int = 1
) -> bytes:
    """A baseline TIFF in one strip (or one per plane), of any sample type."""
    height, width, channels = pixels.shape
    planes = list(pixels.transpose(2, 0, 1)) if planar else [pixels]
    strips = [plane.astype(plane.dtype.newbyteorder(order)).tobytes() for plane in planes]
    if compressed:
        strips = [zlib.compress(strip) for strip in strips]
    at = [8 + sum(map(len, strips[:i])) for i in range(len(strips))]
    tags = {
        256: ("I", [width]),
        257: ("I", [height]),
        258: ("H", [8 * pixels.dtype.itemsize] * channels),
        259: ("H", [8 if compressed else 1]),
        262: ("H", [2 if channels > 2 else 1]),
        273: ("I", at),
        274: ("H", [orientation]),
        277: ("H", [channels]),
        278: ("I", [height]),
        279: ("I", list(map(len, strips))),
        284: ("H", [2 if planar else 1]),
        **({338: ("H", [2])} if channels == 4 else {}),
        339: ("H", [{"u": 1, "i": 2, "f": 3}[pixels.dtype.kind]] * channels),
    }
    directory = 8 + sum(map(len, strips))
    spill_at, spill, entries = directory + 2 + 12 * len(tags) + 4, b"", b""
    for tag, (kind, values) in tags.items():
        value = struct.pack(f"{order}{len(values)}{kind}", *values)
        if len(value) > 4:
            value, spill = struct.pack(f"{order}I", spill_at + len(spill)), spill + value
        entries += struct.pack(f"{order}HHI", tag, {"H": 3, "I": 4}[kind], len(values)) + value.ljust(4, b"\0")
    magic = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, directory)
    return magic + b"".join(strips) + struct.pack(f"{order}H", len(tags)) + entries + b"\0" * 4 + spill


@pytest.fixture(scope="session")
def encode_png() -> Callable[..., bytes]:
    return png_bytes


@pytest.fixture
def write_png(tmp_path: Path) -> Writer:
    def write(pixels: NDArray[Any], name: str = "made.png", **options: Any) -> Path:
        path = tmp_path / name
        path.write_bytes(png_bytes(pixels, **options))
        return path

    return write


@pytest.fixture
def write_tiff(tmp_path: Path) -> Writer:
    def write(pixels: NDArray[Any], name: str = "made.tif", **options: Any) -> Path:
        path = tmp_path / name
        path.write_bytes(tiff_bytes(pixels, **options))
        return path

    return write


@pytest.fixture
def noise() -> Callable[..., NDArray[Any]]:
    """Random pixels in which every bit matters."""

    def make(*shape: int, dtype: Any = np.uint8, seed: int = 0) -> NDArray[Any]:
        return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)

    return make
