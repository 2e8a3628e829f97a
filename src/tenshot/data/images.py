"""One door for images: files, Pillow images, arrays and tensors become an :class:`~tenshot.core.types.Image`."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import PIL.Image

from tenshot.core.errors import ImageError
from tenshot.core.types import Image
from tenshot.data.decoding import DEFAULT_MAX_PIXELS, decode_file, decode_pillow

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from numpy.typing import NDArray

__all__ = ["DEFAULT_MAX_PIXELS", "ImageLike", "check_informative", "read_image"]

ImageLike: TypeAlias = "str | Path | PIL.Image.Image | NDArray[Any] | torch.Tensor"
"""What :func:`read_image` takes."""

_CHANNELS = (1, 3, 4)
_FLOAT_SLACK = 1e-5  # how far rounding may carry a float pixel out of [0, 1]; it is clipped back


def read_image(source: ImageLike, *, name: str | None = None, max_pixels: int = DEFAULT_MAX_PIXELS) -> Image:
    """Read an image from wherever it is, upright and at the depth it came with.

    Bits stay: 8-bit and 1-bit images give ``uint8``, 16-bit grey and colour ``uint16``, floats ``float32``. Alpha is
    laid over white, as a browser shows it, and dropped where everything is opaque. An image with three equal channels
    is grey, so a grey photo saved as colour equals one saved as grey. Of an animated or multi-page file the first
    picture is read. Colour profiles are not applied.

    Args:
        source: one of

            - a path: PNG, JPEG, TIFF, BMP or WebP, told by content; EXIF orientation is applied;
            - a Pillow image of any mode; EXIF orientation is applied if it still carries the tag;
            - a numpy array ``(H, W)`` or ``(H, W, C)``, C = 1, 3 (RGB) or 4 (RGB, alpha);
            - a torch tensor ``(H, W)`` or ``(C, H, W)``, as torchvision has them, on any device.

            Arrays and tensors are ``bool``, ``uint8``, ``uint16`` or floats in [0, 1].
        name: what messages and tables call it; the path as given by default, or "image".
        max_pixels: the most pixels a file's header may claim; checked before decoding.

    Returns:
        The image, which shares no memory with ``source``.

    Raises:
        MissingError: there is no such file.
        ImageError: the source is not an image that can be read; says what is allowed and what came.
    """
    path = Path(source) if isinstance(source, str | os.PathLike) else None
    label = name or ("image" if path is None else str(source))
    pixels = _normalised(_raw(source, path, label, max_pixels), label)
    return Image(pixels=pixels, name=label, digest=_digest(pixels), path=path)


def check_informative(image: Image) -> None:
    """Refuse an image that is one flat colour: it can be read, but nothing can be learned from it.

    Raises:
        ImageError: every pixel is the same.
    """
    first = image.pixels[0, 0]
    if (image.pixels == first).all():
        colour = ", ".join(f"{value:g}" for value in first.tolist())
        msg = f"{image.name} is one flat colour (every pixel is {colour}); it holds nothing to judge"
        raise ImageError(msg)


def _raw(source: ImageLike, path: Path | None, name: str, max_pixels: int) -> NDArray[Any]:
    """Pixels as the source holds them: ``(H, W)`` or ``(H, W, C)``."""
    if path is not None:
        return decode_file(path, name=name, max_pixels=max_pixels)
    if isinstance(source, np.ndarray):
        _require_shape(source.shape, name, channels_last=True)
        return source
    torch = sys.modules.get("torch")  # a tensor can only come from a caller who has imported it
    if torch is not None and isinstance(source, torch.Tensor):
        return _from_tensor(source, name)
    if isinstance(source, PIL.Image.Image):
        return decode_pillow(source, name=name, max_pixels=max_pixels)
    msg = f"{name} must be a path, a Pillow image, a numpy array or a torch tensor, got {type(source).__name__}"
    raise ImageError(msg)


def _from_tensor(tensor: torch.Tensor, name: str) -> NDArray[Any]:
    _require_shape(tuple(tensor.shape), name, channels_last=False)
    plain = tensor.detach()
    if plain.is_floating_point():
        plain = plain.float()  # numpy has no bfloat16
    try:
        array: NDArray[Any] = plain.cpu().numpy()
    except (NotImplementedError, RuntimeError, TypeError) as error:
        msg = f"{name}: the tensor holds no plain pixels ({error})"
        raise ImageError(msg) from error
    return np.moveaxis(array, 0, -1) if array.ndim == 3 else array  # noqa: PLR2004


def _require_shape(shape: Sequence[int], name: str, *, channels_last: bool) -> None:
    layout, axis, other = ("(H, W, C)", -1, 0) if channels_last else ("(C, H, W)", 0, -1)
    if len(shape) == 2 or (len(shape) == 3 and shape[axis] in _CHANNELS):  # noqa: PLR2004
        return
    swapped = len(shape) == 3 and shape[other] in _CHANNELS  # noqa: PLR2004
    hint = f"; move the channels {'last' if channels_last else 'first'}" if swapped else ""
    kind = "an array" if channels_last else "a tensor"
    msg = f"{name}: {kind} must be (H, W) or {layout} with C = 1, 3 or 4, got {tuple(shape)}{hint}"
    raise ImageError(msg)


def _normalised(raw: NDArray[Any], name: str) -> NDArray[Any]:
    if raw.size == 0:
        msg = f"{name} has no pixels: its shape is {raw.shape}"
        raise ImageError(msg)
    pixels = _opaque(_typed(raw.reshape(*raw.shape[:2], -1), name))
    if pixels.shape[2] == 3 and _is_grey(pixels):  # noqa: PLR2004
        pixels = pixels[..., :1]
    return np.array(pixels, order="C")


def _typed(pixels: NDArray[Any], name: str) -> NDArray[Any]:
    """Pixels in one of the three types that an image may have."""
    if pixels.dtype == bool:
        return pixels * np.uint8(255)
    if pixels.dtype.kind == "u" and pixels.dtype.itemsize <= 2:  # noqa: PLR2004
        return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    if pixels.dtype.kind != "f":
        msg = f"{name}: pixels must be bool, uint8, uint16 or float in [0, 1], got {pixels.dtype}"
        raise ImageError(msg)
    _require_unit_range(pixels, name)
    return pixels.astype(np.float32).clip(0, 1)


def _require_unit_range(pixels: NDArray[np.floating[Any]], name: str) -> None:
    finite = np.isfinite(pixels)
    if not finite.all():
        msg = f"{name}: {pixels.size - finite.sum()} of {pixels.size} values are NaN or infinite"
        raise ImageError(msg)
    low, high = float(pixels.min()), float(pixels.max())
    if low >= -_FLOAT_SLACK and high <= 1 + _FLOAT_SLACK:
        return
    scale = next((limit for limit in (255, 65535) if low >= 0 and high <= limit), None)
    hint = f"; divide by {scale} or pass uint{scale.bit_length()}" if scale else ""
    msg = f"{name}: float pixels must lie in [0, 1], got {low:g} to {high:g}{hint}"
    raise ImageError(msg)


def _opaque(pixels: NDArray[Any]) -> NDArray[Any]:
    """Lay colour over white by its alpha, the last of 2 or 4 channels; no alpha remains."""
    if pixels.shape[2] not in {2, 4}:
        return pixels
    colour, alpha = pixels[..., :-1], pixels[..., -1:]
    white = 1 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max
    if (alpha == white).all():
        return colour
    share = alpha / np.float32(white)
    blend = colour * share + white * (1 - share)
    return (blend if pixels.dtype.kind == "f" else blend.round()).astype(pixels.dtype)


def _is_grey(pixels: NDArray[Any]) -> bool:
    coarse = pixels[::16, ::16]  # enough to tell nearly every colour photo, at no cost
    return all(bool((part[..., 1:] == part[..., :1]).all()) for part in (coarse, pixels))


def _digest(pixels: NDArray[Any]) -> str:
    digest = hashlib.sha256(f"{pixels.shape} {pixels.dtype.name}\n".encode())
    digest.update(pixels.data)
    return digest.hexdigest()
