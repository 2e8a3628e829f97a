"""Real files: every format and depth that is promised, and every way to be broken."""

from __future__ import annotations

import os
import struct
import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest

from tenshot.core.errors import ImageError, MissingError
from tenshot.data.images import read_image

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Noise = Callable[..., NDArray[Any]]
    Writer = Callable[..., Path]

UPRIGHT: dict[int, Callable[[NDArray[Any]], NDArray[Any]]] = {  # stored to shown, after the EXIF specification
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}


def exif(orientation: int) -> bytes:
    return struct.pack("<2sHIHHHIHHI", b"II", 42, 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def saved(path: Path, pixels: NDArray[Any], **options: Any) -> Path:
    PIL.Image.fromarray(pixels).save(path, **options)
    return path


# --- what comes through unharmed -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.png", {}),
        ("a.bmp", {}),
        ("a.webp", {"lossless": True}),
        ("a.tif", {}),
        ("a.tiff", {"compression": "tiff_lzw"}),
        ("a.TIF", {"compression": "packbits"}),
    ],
)
def test_lossless_formats_keep_every_pixel(tmp_path: Path, noise: Noise, name: str, options: dict[str, Any]) -> None:
    pixels = noise(13, 17, 3)
    image = read_image(saved(tmp_path / name, pixels, **options))
    assert image.pixels.dtype == np.uint8
    assert np.array_equal(image.pixels, pixels)


def test_jpeg_comes_close(tmp_path: Path) -> None:
    ramp = np.stack(np.broadcast_arrays(np.arange(64)[:, None] * 3, np.arange(48) * 4, 90), axis=-1).astype(np.uint8)
    image = read_image(saved(tmp_path / "a.jpg", ramp, quality=95))
    assert image.pixels.shape == (64, 48, 3)
    assert abs(image.pixels.astype(int) - ramp).mean() < 2


@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bit_png_keeps_every_bit(write_png: Writer, noise: Noise, channels: int) -> None:
    pixels = noise(17, 11, channels, dtype=np.uint16)
    image = read_image(write_png(pixels))
    assert image.pixels.dtype == np.uint16
    assert np.array_equal(image.pixels, pixels)


@pytest.mark.parametrize("channels", [2, 4])
def test_sixteen_bit_png_with_opaque_alpha(write_png: Writer, noise: Noise, channels: int) -> None:
    pixels = noise(17, 11, channels, dtype=np.uint16)
    pixels[..., -1] = 65535
    assert np.array_equal(read_image(write_png(pixels)).pixels, pixels[..., :-1])


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compressed", [False, True])
def test_sixteen_bit_tiff_keeps_every_bit(
    write_tiff: Writer, noise: Noise, *, channels: int, order: str, compressed: bool
) -> None:
    pixels = noise(17, 11, channels, dtype=np.uint16)
    if channels == 4:
        pixels[..., 3] = 65535
    image = read_image(write_tiff(pixels, order=order, compressed=compressed))
    assert image.pixels.dtype == np.dtype(np.uint16)
    assert np.array_equal(image.pixels, pixels[..., :3])


@pytest.mark.parametrize("order", ["<", ">"])
def test_float_tiff(write_tiff: Writer, order: str) -> None:
    pixels = np.random.default_rng(0).random((9, 7, 1), dtype=np.float32)
    image = read_image(write_tiff(pixels, order=order))
    assert image.pixels.dtype == np.float32
    assert np.array_equal(image.pixels, pixels)


def test_signed_and_wide_integers_that_fit_sixteen_bits(write_tiff: Writer, noise: Noise) -> None:
    pixels = noise(9, 7, 1, dtype=np.int16) // 2 + 10
    for dtype in (np.int16, np.int32, np.uint32):
        image = read_image(write_tiff(pixels.astype(dtype)))
        assert image.pixels.dtype == np.uint16
        assert np.array_equal(image.pixels, pixels)


def test_one_bit_is_black_and_white(tmp_path: Path, noise: Noise) -> None:
    dots = noise(9, 21) > 128
    image = read_image(saved(tmp_path / "a.png", dots))
    assert image.pixels.dtype == np.uint8
    assert np.array_equal(image.pixels[..., 0], dots * 255)


def test_palette_is_its_colours(tmp_path: Path, noise: Noise) -> None:
    index, colours = noise(9, 21) % 5, noise(5, 3, seed=1)
    picture = PIL.Image.frombytes("P", (21, 9), index.tobytes())
    picture.putpalette(colours.tobytes())
    picture.save(tmp_path / "a.png")
    assert np.array_equal(read_image(tmp_path / "a.png").pixels, colours[index])
    picture.save(tmp_path / "b.png", transparency=bytes([255, 255, 0, 255, 255]))
    over_white = colours.copy()
    over_white[2] = 255
    assert np.array_equal(read_image(tmp_path / "b.png").pixels, over_white[index])


def test_half_transparent_pixels_lie_over_white(write_png: Writer) -> None:
    pixels = np.array([[[0, 100, 200, 0], [0, 100, 200, 51], [0, 100, 200, 255]]], dtype=np.uint8)
    expected = [[[255, 255, 255], [204, 224, 244], [0, 100, 200]]]
    assert read_image(write_png(pixels)).pixels.tolist() == expected
    rounded = np.array([[[0, 100, 7, 100]]], dtype=np.uint8)  # 155, 194.2, 157.7
    assert read_image(write_png(rounded)).pixels.tolist() == [[[155, 194, 158]]]
    wide = read_image(write_png(pixels.astype(np.uint16) * 257))
    assert wide.pixels.tolist() == (np.array(expected) * 257).tolist()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_colour_declared_transparent_is_white(write_png: Writer, noise: Noise, channels: int, dtype: type) -> None:
    pixels = noise(7, 9, channels, dtype=dtype)
    key = pixels[3, 4].copy()
    near = pixels[3, 4].astype(int) ^ 1  # differs in the lowest bit, so a comparison at 8 bits would take it too
    pixels[5, 5] = near
    expected = pixels.copy()
    expected[(pixels == key).all(axis=-1)] = np.iinfo(dtype).max
    image = read_image(write_png(pixels, extra={b"tRNS": key.astype(">u2").tobytes()}))
    assert np.array_equal(image.pixels, expected)
    assert (expected[5, 5] == near).all()


def test_one_bit_with_a_transparent_colour(tmp_path: Path) -> None:
    PIL.Image.fromarray(np.array([[True, False]])).save(tmp_path / "a.png", transparency=0)
    assert read_image(tmp_path / "a.png").pixels.ravel().tolist() == [255, 255]


def test_cmyk(tmp_path: Path) -> None:
    ink = np.zeros((16, 16, 4), dtype=np.uint8)
    ink[:, 8:] = (0, 255, 255, 0)
    PIL.Image.frombytes("CMYK", (16, 16), ink.tobytes()).save(tmp_path / "a.tif")
    pixels = read_image(tmp_path / "a.tif").pixels
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[0, 15].tolist() == [255, 0, 0]


def test_premultiplied_grey_alpha_of_pillow() -> None:
    picture = PIL.Image.frombytes("LA", (2, 1), bytes([100, 255, 100, 0])).convert("La")
    assert read_image(picture).pixels.ravel().tolist() == [100, 255]


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_exif_orientation_of_files(tmp_path: Path, write_png: Writer, noise: Noise, orientation: int) -> None:
    stored = noise(5, 9, 3)
    shown = UPRIGHT[orientation](stored)
    web = saved(tmp_path / "a.webp", stored, lossless=True, exif=b"Exif\0\0" + exif(orientation))
    assert np.array_equal(read_image(web).pixels, shown)
    for depth in (stored, noise(5, 9, 3, dtype=np.uint16)):
        path = write_png(depth, extra={b"eXIf": exif(orientation)})
        assert np.array_equal(read_image(path).pixels, UPRIGHT[orientation](depth))


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_exif_orientation_of_jpeg(tmp_path: Path, orientation: int) -> None:
    blocks = np.kron(np.array([[10, 200, 90], [60, 140, 250]]), np.ones((16, 16))).astype(np.uint8)
    path = saved(tmp_path / "a.jpg", blocks, quality=95, exif=b"Exif\0\0" + exif(orientation))
    difference = read_image(path).pixels[..., 0].astype(int) - UPRIGHT[orientation](blocks)
    assert abs(difference).max() < 12


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("compressed", [False, True])
def test_tiff_orientation(write_tiff: Writer, noise: Noise, *, orientation: int, dtype: type, compressed: bool) -> None:
    for channels in (1, 3):
        stored = noise(5, 9, channels, dtype=dtype)
        path = write_tiff(stored, orientation=orientation, compressed=compressed)
        assert np.array_equal(read_image(path).pixels, UPRIGHT[orientation](stored))


def test_orientation_of_a_pillow_image_which_stays_as_it_is(tmp_path: Path, noise: Noise) -> None:
    stored = noise(5, 9, 3)
    with PIL.Image.open(saved(tmp_path / "a.png", stored, exif=exif(6))) as picture:
        assert np.array_equal(read_image(picture).pixels, np.rot90(stored, -1))
        assert picture.size == (9, 5)
        assert picture.getexif()[0x0112] == 6


@pytest.mark.parametrize("damage", [b"garbage that is no directory", b"II*\0\x08\0\0\0\xff\xff\x12\x01", b""])
def test_unreadable_exif_does_not_hide_the_picture(write_png: Writer, noise: Noise, damage: bytes) -> None:
    pixels = noise(5, 9, 3)
    assert np.array_equal(read_image(write_png(pixels, extra={b"eXIf": damage})).pixels, pixels)


@pytest.mark.parametrize("name", ["a.tif", "a.webp", "a.png"])
def test_first_picture_of_several(tmp_path: Path, noise: Noise, name: str) -> None:
    first, second = noise(6, 8, 3), noise(6, 8, 3, seed=1)
    options = {"lossless": True} if name.endswith("webp") else {}
    saved(tmp_path / name, first, save_all=True, append_images=[PIL.Image.fromarray(second)], **options)
    assert np.array_equal(read_image(tmp_path / name).pixels, first)


def test_content_counts_and_not_the_suffix(write_png: Writer, noise: Noise) -> None:
    pixels = noise(5, 9, 3)
    assert np.array_equal(read_image(write_png(pixels, "photo.jpg")).pixels, pixels)


# --- what is refused, in one sentence ------------------------------------------------------------------------------


def refused(path: Path, *words: str, kind: type[Exception] = ImageError, **options: Any) -> str:
    with pytest.raises(kind) as caught:
        read_image(path, **options)
    message = str(caught.value)
    assert path.name in message
    assert "\n" not in message
    for word in words:
        assert word in message
    return message


def test_missing_file(tmp_path: Path) -> None:
    refused(tmp_path / "none.png", "no such file", kind=MissingError)
    (tmp_path / "file").write_bytes(b"x")
    refused(tmp_path / "file" / "below.png", "no such file", kind=MissingError)


def test_folder_named_like_an_image(tmp_path: Path) -> None:
    (tmp_path / "x.png").mkdir()
    refused(tmp_path / "x.png", "is a folder")


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "x.png").touch()
    refused(tmp_path / "x.png", "empty")


def test_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.png")
    refused(tmp_path / "x.png", "not a regular file")


def test_impossible_name() -> None:
    refused(Path("x" * 5000), "cannot be opened")


def test_forbidden_file(write_png: Writer, noise: Noise, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_png(noise(2, 2, 1))

    def deny(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", deny)  # permissions do not bind the administrator, who may run this test
    refused(path, "cannot be opened", "Permission denied")


@pytest.mark.parametrize("content", [b"just some text\n" * 10, b"GIF89a" + bytes(50), b"x", b"\0" * 100])
def test_not_an_image(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.png").write_bytes(content)
    refused(tmp_path / "x.png", "not an image", "PNG, JPEG, TIFF, BMP or WebP")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "lzw.tif", "a.bmp", "a.webp"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_file(tmp_path: Path, noise: Noise, name: str, share: float) -> None:
    options = {"compression": "tiff_lzw"} if name.startswith("lzw") else {}
    path = saved(tmp_path / name, noise(64, 64, 3), **options)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    refused(path, "truncated")


def test_truncated_sixteen_bit_files(write_png: Writer, write_tiff: Writer, noise: Noise) -> None:
    for path in (write_png(noise(32, 32, 3, dtype=np.uint16)), write_tiff(noise(32, 32, 3, dtype=np.uint16))):
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        refused(path, "truncated")


def test_damaged_bytes_never_escape_as_another_error(tmp_path: Path, noise: Noise) -> None:
    """Two hundred wounded files of every format: each is read or refused, and nothing else is raised."""
    random = np.random.default_rng(0)
    path = tmp_path / "wounded"
    originals = [
        saved(tmp_path / f"a.{kind}", noise(24, 24, 3)).read_bytes() for kind in ("png", "jpg", "tif", "bmp", "webp")
    ]
    outcomes = set()
    for turn in range(200):
        content = np.frombuffer(originals[turn % 5], np.uint8).copy()
        content[random.integers(8, min(content.size, 400), 6)] = random.integers(0, 256, 6)
        path.write_bytes(content.tobytes())
        try:
            outcomes.add(read_image(path).pixels.shape[2])
        except ImageError:
            outcomes.add(0)
    assert {0, 3} <= outcomes


def test_image_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    refused(tmp_path / "bomb.png", "60000 x 60000", "178,956,970", "max_pixels")


def test_limit_is_the_callers(write_png: Writer, noise: Noise) -> None:
    path = write_png(noise(10, 10, 1))
    assert read_image(path, max_pixels=100).pixels.shape == (10, 10, 1)
    refused(path, "10 x 10", "99", max_pixels=99)
    with PIL.Image.open(path) as picture, pytest.raises(ImageError, match="10 x 10"):
        read_image(picture, max_pixels=99)


def test_pillows_own_limit(
    write_png: Writer, write_tiff: Writer, noise: Noise, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its warning (an error under these tests) never shows; its refusal becomes ours."""
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 10)
    assert read_image(write_png(noise(10, 10, 1))).pixels.size == 100
    assert read_image(write_tiff(noise(4, 4, 1))).pixels.size == 16
    refused(write_tiff(noise(10, 10, 1)), "exceeds limit")


def test_metadata_warnings_stay_inside(tmp_path: Path, noise: Noise) -> None:
    damaged = bytearray(exif(1))
    damaged[14:18] = struct.pack("<I", 1000)  # a count that the file cannot hold
    path = saved(tmp_path / "a.webp", noise(8, 8, 3), exif=b"Exif\0\0" + bytes(damaged))
    with PIL.Image.open(path) as picture, pytest.warns(UserWarning, match="Skipping tag"):
        picture.getexif()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        read_image(path)
    assert not seen


def test_sixteen_bit_planes(write_tiff: Writer, noise: Noise) -> None:
    for compressed in (False, True):
        path = write_tiff(noise(8, 8, 3, dtype=np.uint16), planar=True, compressed=compressed)
        refused(path, "separate planes")
    pixels = noise(8, 8, 3)
    assert np.array_equal(read_image(write_tiff(pixels, planar=True)).pixels, pixels)


def test_numbers_out_of_range(write_tiff: Writer) -> None:
    refused(write_tiff(np.array([[[-5], [3]]], dtype=np.int32)), "0..65535", "-5..3")
    refused(write_tiff(np.array([[[0], [70_000]]], dtype=np.int32)), "0..70000")
    with pytest.raises(ImageError, match=r"0\.\.65535, got 70000"):
        read_image(PIL.Image.new("I", (2, 2), 70_000))
    refused(write_tiff(np.array([[[0], [300]]], dtype=np.float32)), "[0, 1]", "0 to 300", "65535")
    refused(write_tiff(np.array([[[0], [np.nan]]], dtype=np.float32)), "1 of 2", "NaN")


def test_layout_beyond_pillow(write_tiff: Writer) -> None:
    refused(write_tiff(np.zeros((4, 4, 3), dtype=np.float32)), "unsupported")


def test_pillow_image_whose_file_is_truncated(tmp_path: Path, noise: Noise) -> None:
    path = saved(tmp_path / "a.png", noise(64, 64, 3))
    path.write_bytes(path.read_bytes()[:5000])
    with PIL.Image.open(path) as picture, pytest.raises(ImageError, match=r"image 2.*truncated"):
        read_image(picture, name="image 2")
