"""The one door: arrays, tensors and Pillow images, and what an image is once it is in."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tenshot.core.errors import ImageError
from tenshot.core.types import Image
from tenshot.data.images import check_informative, read_image

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Noise = Callable[..., NDArray[Any]]
    Writer = Callable[..., Path]


# --- arrays --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, ">u2", "<u2"])
@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 3)])
def test_integer_arrays(noise: Noise, dtype: Any, shape: tuple[int, ...]) -> None:
    pixels = noise(*shape, dtype=np.dtype(dtype).type).astype(dtype)
    image = read_image(pixels)
    assert np.array_equal(image.pixels, pixels.reshape(5, 7, -1))
    assert image.pixels.dtype == np.dtype(dtype).newbyteorder("=")
    assert image.pixels.flags.c_contiguous
    assert image.pixels.flags.writeable  # torch warns of arrays that are not
    assert (image.name, image.path) == ("image", None)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_float_arrays(dtype: Any) -> None:
    pixels = np.linspace(0, 1, 24).reshape(4, 6).astype(dtype)
    image = read_image(pixels)
    assert image.pixels.dtype == np.float32
    assert np.allclose(image.pixels[..., 0], pixels, atol=1e-7)


def test_rounding_beyond_the_range_is_clipped() -> None:
    image = read_image(np.array([[-1e-6, 0.5, 1 + 1e-6]]))
    assert image.pixels.ravel().tolist() == [0, 0.5, 1]


def test_bool_arrays() -> None:
    image = read_image(np.array([[True, False]]))
    assert image.pixels.dtype == np.uint8
    assert image.pixels.ravel().tolist() == [255, 0]


@pytest.mark.parametrize("opaque", [255, 65535, 1.0])
def test_alpha_of_arrays(opaque: float) -> None:
    dtype = {255: np.uint8, 65535: np.uint16, 1.0: np.float32}[opaque]
    colour = np.array([[[0.2, 0.4, 0.6]] * 2]) * opaque
    pixels = np.concatenate([colour, [[[opaque], [0]]]], axis=-1).astype(dtype)
    image = read_image(pixels)
    assert image.pixels.dtype == dtype
    assert np.array_equal(image.pixels[0, 0], pixels[0, 0, :3])
    assert (image.pixels[0, 1] == opaque).all()


def test_pixels_are_a_copy(noise: Noise) -> None:
    pixels = noise(4, 4, 3)
    image = read_image(pixels)
    before = image.pixels.copy()
    pixels[:] = 0
    assert np.array_equal(image.pixels, before)


def test_views_in_any_memory_order(noise: Noise) -> None:
    pixels = noise(8, 10, 3)
    for view in (pixels[::-1, ::2], pixels.transpose(1, 0, 2), np.asfortranarray(pixels), pixels[..., ::-1]):
        assert np.array_equal(read_image(view).pixels, view)


# --- tensors -------------------------------------------------------------------------------------------------------


def test_tensors_have_their_channels_first(noise: Noise) -> None:
    pixels = noise(5, 7, 3)
    for tensor in (torch.from_numpy(pixels).permute(2, 0, 1), torch.from_numpy(pixels).permute(2, 0, 1).contiguous()):
        assert read_image(tensor).digest == read_image(pixels).digest
    assert read_image(torch.from_numpy(pixels[..., 0])).digest == read_image(pixels[..., 0]).digest


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_float_tensors_with_gradient(dtype: torch.dtype) -> None:
    tensor = torch.rand((3, 4, 5), generator=torch.Generator().manual_seed(0)).to(dtype).requires_grad_()
    image = read_image(tensor)
    assert image.pixels.dtype == np.float32
    assert np.array_equal(image.pixels, tensor.detach().float().permute(1, 2, 0).numpy())
    image.pixels[:] = 0
    assert tensor.abs().sum() > 0


def test_bool_and_wide_tensors() -> None:
    assert read_image(torch.tensor([[True, False]])).pixels.ravel().tolist() == [255, 0]
    assert read_image(torch.tensor([[1, 65535]], dtype=torch.uint16)).pixels.ravel().tolist() == [1, 65535]


def test_tensor_without_data() -> None:
    with pytest.raises(ImageError, match="no plain pixels"):
        read_image(torch.zeros((3, 4, 5), device="meta"))


# --- Pillow images -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "I;16", "I", "F"])
def test_every_pillow_mode(mode: str) -> None:
    picture = PIL.Image.new(mode, (7, 5))
    image = read_image(picture)
    assert image.pixels.shape[:2] == (5, 7)
    assert image.pixels.shape[2] in {1, 3}


def test_closed_pillow_image(write_png: Writer, noise: Noise) -> None:
    with PIL.Image.open(write_png(noise(4, 4, 3))) as picture:
        pass
    with pytest.raises(ImageError, match="Pillow image cannot be loaded"):
        read_image(picture)


# --- one picture, one image ----------------------------------------------------------------------------------------


def test_grey_saved_as_colour_is_grey(write_png: Writer, noise: Noise) -> None:
    for dtype in (np.uint8, np.uint16):
        grey = noise(40, 33, 1, dtype=dtype)
        colour = np.repeat(grey, 3, axis=2)
        opaque = np.concatenate([colour, np.full_like(grey, np.iinfo(dtype).max)], axis=2)
        images = [read_image(write_png(pixels, f"{i}.png")) for i, pixels in enumerate((grey, colour, opaque))]
        images += [read_image(grey), read_image(colour), read_image(opaque)]
        assert all(image.is_grey for image in images)
        assert len({image.digest for image in images}) == 1


def test_one_coloured_pixel_makes_a_colour_image() -> None:
    pixels = np.zeros((40, 40, 3), dtype=np.uint8)
    pixels[7, 9, 2] = 1  # between the pixels that the quick look takes
    assert not read_image(pixels).is_grey


@settings(max_examples=40, deadline=None)
@given(
    dtype=st.sampled_from([np.uint8, np.uint16]),
    shape=st.tuples(st.integers(1, 6), st.integers(1, 6), st.sampled_from([1, 3, 4])),
    data=st.data(),
)
def test_file_and_array_are_the_same_image(
    *,
    dtype: Any,
    shape: tuple[int, int, int],
    data: st.DataObject,
    tmp_path_factory: pytest.TempPathFactory,
    encode_png: Callable[..., bytes],
) -> None:
    pixels = data.draw(npst.arrays(dtype, shape))
    path = tmp_path_factory.mktemp("png") / "a.png"
    path.write_bytes(encode_png(pixels))
    assert read_image(path).digest == read_image(pixels).digest


def test_digest_is_of_shape_type_and_pixels() -> None:
    pixels = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.uint8)
    expected = hashlib.sha256(b"(2, 3, 1) uint8\n" + bytes([1, 2, 3, 4, 5, 6])).hexdigest()
    assert read_image(pixels).digest == expected  # task files remember it
    digests = {
        read_image(other).digest
        for other in (
            pixels,
            pixels.reshape(3, 2),
            pixels.T,
            pixels.astype(np.uint16),
            pixels[:1],
            pixels + np.uint8(1),
        )
    }
    assert len(digests) == 6


def test_names(write_png: Writer, noise: Noise, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_png(noise(4, 4, 3))
    monkeypatch.chdir(path.parent)
    given_path = read_image(path.name)
    assert (given_path.name, given_path.path) == (path.name, Path(path.name))
    assert read_image(path, name="left camera").name == "left camera"
    assert read_image(noise(4, 4), name="image 3").name == "image 3"


# --- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (np.zeros(5), ["(H, W, C)", "got (5,)"]),
        (np.zeros((2, 5, 5, 3)), ["got (2, 5, 5, 3)"]),
        (np.zeros((5, 5, 2)), ["C = 1, 3 or 4", "got (5, 5, 2)"]),
        (np.zeros((3, 50, 50)), ["got (3, 50, 50)", "move the channels last"]),
        (np.zeros((0, 5)), ["no pixels", "(0, 5)"]),
        (np.zeros((5, 0, 3), dtype=np.uint8), ["no pixels"]),
        (torch.zeros((50, 50, 3)), ["(C, H, W)", "got (50, 50, 3)", "move the channels first"]),
        (torch.zeros((1, 3, 5, 5)), ["got (1, 3, 5, 5)"]),
        (torch.zeros((3, 0, 5)), ["no pixels"]),
        (np.zeros((5, 5), dtype=np.int64), ["uint8", "got int64"]),
        (np.zeros((5, 5), dtype=np.uint32), ["got uint32"]),
        (np.zeros((5, 5), dtype=complex), ["got complex128"]),
        (np.full((5, 5), "a"), ["got <U1"]),
        (np.array([[0.0, 255.0]]), ["[0, 1]", "0 to 255", "divide by 255 or pass uint8"]),
        (np.array([[0.0, 40000.0]]), ["0 to 40000", "divide by 65535 or pass uint16"]),
        (np.array([[-1.0, 1.0]]), ["-1 to 1"]),
        (np.array([[0.5, np.nan]]), ["1 of 2", "NaN or infinite"]),
        (np.array([[0.5, np.inf]]), ["NaN or infinite"]),
        ([[1, 2], [3, 4]], ["must be a path", "got list"]),
        (None, ["got NoneType"]),
        (b"bytes", ["got bytes"]),
    ],
)
def test_refused_with_what_is_allowed_and_what_came(source: Any, words: list[str]) -> None:
    with pytest.raises(ImageError) as caught:
        read_image(source, name="image 3")
    assert str(caught.value).startswith("image 3")
    for word in words:
        assert word in str(caught.value)


def test_negative_floats_get_no_hint_to_divide() -> None:
    with pytest.raises(ImageError) as caught:
        read_image(np.array([[-1.0, 1.0]]))
    assert "divide" not in str(caught.value)


@pytest.mark.parametrize("value", [[7], [0.5], [1, 2, 3]])
def test_flat_image_can_be_read_but_teaches_nothing(value: list[float]) -> None:
    dtype = np.float32 if isinstance(value[0], float) else np.uint8
    image = read_image(np.full((4, 5, len(value)), value, dtype=dtype), name="wall.png")
    with pytest.raises(ImageError, match=r"wall.png is one flat colour \(every pixel is ") as caught:
        check_informative(image)
    assert ", ".join(map(str, value)) in str(caught.value)


def test_one_other_pixel_informs() -> None:
    pixels = np.zeros((4, 5), dtype=np.uint8)
    pixels[3, 4] = 1
    check_informative(read_image(pixels))
    check_informative(Image(np.array([[[1, 2, 3], [1, 2, 4]]], dtype=np.uint8), "a", ""))


def test_torch_is_not_imported_for_files_and_arrays(write_png: Writer, noise: Noise) -> None:
    code = (
        "import sys, numpy; from tenshot.data.images import read_image; "
        f"read_image({str(write_png(noise(4, 4, 3)))!r}); read_image(numpy.eye(3)); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
