"""Image files and Pillow images to arrays, at full depth and upright.

Pillow is the only decoder. It holds 16-bit colour at 8 bits, so those files are decoded twice, once for the high byte
of every sample and once for the low byte, by naming the opposite byte order the second time: exact, for any filter,
interlacing and compression, and without a second imaging library.

What stays at 8 bits: 16-bit CMYK, 16-bit colour with premultiplied alpha, and a 16-bit colour image that was opened by
Pillow before it came here. Colour profiles are not applied.
"""

from __future__ import annotations

import stat
import struct
import sys
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from PIL import BmpImagePlugin, ExifTags, ImageOps, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

from tenshot.core.errors import ImageError, MissingError
from tenshot.data.quiet import QUIET_PILLOW

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import PIL.Image
    from numpy.typing import NDArray
    from PIL.ImageFile import ImageFile, _Tile

    Reader = Callable[[IO[bytes]], ImageFile]

__all__ = ["DEFAULT_MAX_PIXELS", "FORMATS", "decode_file", "decode_pillow"]

DEFAULT_MAX_PIXELS = 178_956_970
"""Pillow's own hard limit (twice its warning level), which its TIFF and WebP readers enforce whatever we allow."""

FORMATS = "PNG, JPEG, TIFF, BMP or WebP"

_TIFF_BITS, _TIFF_PLANAR = 258, 284
_SEPARATE_PLANES = 2
_OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}


def decode_file(path: Path, *, name: str, max_pixels: int) -> NDArray[Any]:
    """Decode the first picture of a file.

    Args:
        path: a PNG, JPEG, TIFF, BMP or WebP file, told by its content, not its suffix.
        name: what messages call it.
        max_pixels: the most pixels its header may claim; checked before anything is decoded.

    Returns:
        ``(H, W)`` or ``(H, W, C)``, C = 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha); ``uint8``, ``uint16`` or
        ``float32`` (any range), turned upright by its EXIF orientation.

    Raises:
        MissingError: there is no such file.
        ImageError: it is a folder, empty, truncated, too large or not an image.
    """
    _require_file(path, name)
    try:
        with path.open("rb") as file:
            return _decode(file, name, max_pixels)
    except ImageError:
        raise
    except OSError as error:
        msg = f"{name} cannot be opened ({error.strerror or error})"
        raise ImageError(msg) from error


def decode_pillow(image: PIL.Image.Image, *, name: str, max_pixels: int) -> NDArray[Any]:
    """Pixels of a Pillow image, as :func:`decode_file` gives them; the image itself stays as it is."""
    _require_size(image.size, name, max_pixels)
    try:
        with QUIET_PILLOW:
            image.load()
            return _pixels(_upright(image), name)
    except (ImageError, MemoryError):
        raise
    except Exception as error:
        msg = f"{name}: the Pillow image cannot be loaded ({error})"
        raise ImageError(msg) from error


def _require_file(path: Path, name: str) -> None:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        msg = f"{name}: there is no such file"
        raise MissingError(msg) from error
    except (OSError, ValueError) as error:
        msg = f"{name} cannot be opened ({error})"
        raise ImageError(msg) from error
    if stat.S_ISDIR(status.st_mode):
        msg = f"{name} is a folder; an image file is needed"
        raise ImageError(msg)
    if not stat.S_ISREG(status.st_mode):
        msg = f"{name} is not a regular file; an image file is needed"
        raise ImageError(msg)
    if status.st_size == 0:
        msg = f"{name} is empty (0 bytes); an image file is needed"
        raise ImageError(msg)


def _require_size(size: tuple[int, int], name: str, max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        msg = (
            f"{name} claims {width} x {height} pixels, more than the limit of {max_pixels:,}; "
            "raise max_pixels if that is no mistake"
        )
        raise ImageError(msg)


def _decode(file: IO[bytes], name: str, max_pixels: int) -> NDArray[Any]:
    reader = _reader(file.read(12))
    if reader is None:
        msg = f"{name} is not an image that can be read ({FORMATS})"
        raise ImageError(msg)
    try:
        with QUIET_PILLOW:
            file.seek(0)
            header = reader(file)
            _require_size(header.size, name, max_pixels)
            _require_interleaved(header, name)
            return _read(file, reader, _byte_planes(header), name)
    except (ImageError, MemoryError):
        raise
    except Exception as error:  # decoders raise almost anything on damaged bytes: SyntaxError, struct.error, KeyError
        msg = f"{name} cannot be decoded; it is truncated, damaged or unsupported ({error})"
        raise ImageError(msg) from error


def _reader(head: bytes) -> Reader | None:
    """The Pillow class for a file's first bytes.

    ``PIL.Image.open`` would do, but it imposes a process-wide pixel limit of its own and tries every format it knows,
    Ghostscript among them.
    """
    if head[:4] + head[8:12] == b"RIFFWEBP":
        return WebPImagePlugin.WebPImageFile
    readers: dict[bytes, Reader] = {
        b"\x89PNG\r\n\x1a\n": PngImagePlugin.PngImageFile,
        b"\xff\xd8\xff": JpegImagePlugin.JpegImageFile,
        b"BM": BmpImagePlugin.BmpImageFile,
        **dict.fromkeys((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), TiffImagePlugin.TiffImageFile),
    }
    return next((reader for magic, reader in readers.items() if head.startswith(magic)), None)


def _require_interleaved(header: ImageFile, name: str) -> None:
    """Refuse 16-bit TIFF planes: Pillow reads uncompressed ones as noise and the others at 8 bits."""
    tags = getattr(header, "tag_v2", {})
    bits = tags.get(_TIFF_BITS, (1,))
    if tags.get(_TIFF_PLANAR) == _SEPARATE_PLANES and len(bits) > 1 and max(bits) > 8:  # noqa: PLR2004
        msg = f"{name} holds 16-bit colour in separate planes; save it with interleaved channels"
        raise ImageError(msg)


def _byte_planes(header: ImageFile) -> tuple[str, ...]:
    """Raw modes that together give every byte of 16-bit colour, high byte first; empty for all other images."""
    mode = _raw_mode(header.tile[0]) if header.tile else ""
    if mode == "LA;16B":
        return ("RGBA",)  # four bytes a pixel, which is what grey and alpha of 16 bits each occupy
    layout, _, depth = mode.partition(";16")
    if layout in {"RGB", "RGBA", "RGBX"} and depth in _OTHER_ORDER:
        return mode, f"{layout};16{_OTHER_ORDER[depth]}"
    return ()


def _raw_mode(tile: _Tile) -> str:
    args = tile.args
    return args if isinstance(args, str) else str(args[0]) if args else ""


def _read(file: IO[bytes], reader: Reader, planes: tuple[str, ...], name: str) -> NDArray[Any]:
    if not planes:
        return _pixels(_load(file, reader), name)
    images = [_load(file, reader, raw_mode=mode) for mode in planes]
    stacked = np.concatenate([np.asarray(image)[..., None] for image in images], axis=-1)
    if len(planes) == 1:
        stacked = stacked.reshape(*stacked.shape[:2], -1, 2)
    return _keyed(stacked.view(">u2")[..., 0].astype(np.uint16), images[0].info.get("transparency"))


def _load(file: IO[bytes], reader: Reader, *, raw_mode: str | None = None) -> PIL.Image.Image:
    file.seek(0)
    image = reader(file)
    if raw_mode is not None:
        image.tile = [_with_raw_mode(tile, raw_mode) for tile in image.tile]
    image.load()
    return _upright(image)


def _upright(image: PIL.Image.Image) -> PIL.Image.Image:
    try:
        is_upright = image.getexif().get(ExifTags.Base.Orientation, 1) == 1
        return image if is_upright else ImageOps.exif_transpose(image)  # which would copy an upright one too
    except (SyntaxError, ValueError, struct.error):  # unreadable EXIF is no reason to refuse a readable picture
        return image


def _with_raw_mode(tile: _Tile, mode: str) -> _Tile:
    return tile._replace(args=(mode, *tile.args[1:]) if isinstance(tile.args, tuple) else mode)


def _pixels(image: PIL.Image.Image, name: str) -> NDArray[Any]:
    """Pixels of a loaded image in any of Pillow's modes."""
    mode = image.mode
    if mode == "I":
        return _narrowed(np.asarray(image), name)
    if mode == "1":
        image = image.convert("L")
    if mode in {"1", "L", "RGB"} or mode.startswith("I;16"):
        return _keyed(np.asarray(image), image.info.get("transparency"))
    if mode in {"LA", "RGBA", "F"}:
        return np.asarray(image)
    if mode == "La":
        return np.asarray(image.convert("LA"))
    return np.asarray(image.convert("RGBA" if image.has_transparency_data else "RGB"))


def _narrowed(array: NDArray[np.int32], name: str) -> NDArray[np.uint16]:
    """32-bit integers as the 16 bits they usually carry."""
    low, high = int(array.min()), int(array.max())
    if low < 0 or high > np.iinfo(np.uint16).max:
        msg = f"{name}: integer pixels must lie in 0..65535, got {low}..{high}"
        raise ImageError(msg)
    return array.astype(np.uint16)


def _keyed(array: NDArray[Any], key: object) -> NDArray[Any]:
    """Add an alpha channel where one colour is declared transparent (PNG ``tRNS``); most images have no ``key``."""
    if not isinstance(key, int | tuple):
        return array
    colour = array.reshape(*array.shape[:2], -1)
    opaque = (colour != np.asarray(key)).any(axis=-1, keepdims=True)
    return np.concatenate([colour, opaque * np.iinfo(array.dtype).max], axis=-1).astype(array.dtype)
