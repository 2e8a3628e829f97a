from __future__ import annotations

import hashlib
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from tenshot.core.errors import InputError
from tenshot.data.images import read_image
from tenshot.evaluation.benchmark.conditions import Condition, parse_condition

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tenshot.core.types import Image

CORRUPTIONS = ["brightness", "contrast", "blur", "noise", "jpeg", "shift"]
DEPTHS = {np.uint8: 255, np.uint16: 65535, np.float32: 1}
EXAMPLES = [
    "plain",
    "rotate:query",
    "rotate:both",
    "contaminate:0.5",
    "contaminate:10",
    *(f"{kind}:{severity}" for kind in CORRUPTIONS for severity in (1, 2, 3)),
]


def picture(
    height: int = 48, width: int = 64, *, channels: int = 3, dtype: type = np.uint8, seed: int = 0, smooth: int = 3
) -> Image:
    """A smooth picture of middling values, none near black or white."""
    random = np.random.default_rng(seed)
    rough = ndimage.gaussian_filter(random.random((height, width, channels)), (smooth, smooth, 0))
    values = 0.35 + 0.3 * (rough - rough.min()) / np.ptp(rough)
    scaled = values * DEPTHS[dtype]
    return read_image((scaled if dtype is np.float32 else scaled.round()).astype(dtype), name="part 7")


def difference(one: Image, other: Image) -> float:
    white = DEPTHS[one.pixels.dtype.type]
    return float(np.mean((one.pixels.astype(float) - other.pixels) ** 2)) / white**2


@pytest.mark.parametrize("text", EXAMPLES)
def test_text_there_and_back(text: str) -> None:
    assert str(parse_condition(text)) == text
    assert parse_condition(str(parse_condition(text))) == parse_condition(text)


@given(st.floats(0, 100, exclude_min=True))
def test_every_share_survives_its_text(percent: float) -> None:
    condition = parse_condition(f"contaminate:{percent!r}")
    assert condition.contamination == percent / 100
    assert parse_condition(str(condition)) == condition


@pytest.mark.parametrize(
    "text",
    [
        *[
            "",
            "plain:1",
            "fog",
            "fog:1",
            "rotate",
            "rotate:",
            "rotate:support",
            "noise",
            "noise:",
            "noise:0",
            "noise:4",
        ],
        *["noise:1.5", "noise:one", "noise:nan", "contaminate", "contaminate:0", "contaminate:101", "contaminate:-5"],
        *["contaminate:nan", "Plain"],
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"expected plain, rotate:query.*shift with a severity.*; got '") as caught:
        parse_condition(text)
    assert str(caught.value).endswith(f"got {text!r}")


def test_no_object_that_has_no_text() -> None:
    with pytest.raises(InputError, match="condition: expected plain"):
        Condition("noise", 2, rotates_support=True)
    with pytest.raises(InputError, match=r"got Condition\(kind='blur', amount=7,"):
        Condition("blur", 7)


@pytest.mark.parametrize("dtype", DEPTHS)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("text", EXAMPLES)
def test_a_query_keeps_type_name_and_channels(text: str, channels: int, dtype: type) -> None:
    image = picture(channels=channels, dtype=dtype)
    before = image.pixels.copy()
    condition = parse_condition(text)
    shown = condition.on_query(image, 0)
    assert (shown.name, shown.pixels.dtype) == ("part 7", np.dtype(dtype))
    assert shown.pixels.shape[2] == channels
    assert sorted(shown.pixels.shape[:2]) == sorted(image.pixels.shape[:2])
    assert 0 <= shown.pixels.min() <= shown.pixels.max() <= DEPTHS[dtype]
    assert np.array_equal(image.pixels, before)
    assert (shown is image) == text.startswith(("plain", "contaminate"))
    digest = hashlib.sha256(f"{shown.pixels.shape} {shown.pixels.dtype.name}\n".encode() + shown.pixels.tobytes())
    assert shown.digest == digest.hexdigest()


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_same_again_whatever_came_before(text: str) -> None:
    one, other = picture(seed=1), picture(seed=2)
    first = parse_condition(text).on_query(one, 3)
    parse_condition(text).on_query(other, 3)
    assert parse_condition(text).on_query(one, 3).digest == first.digest


@pytest.mark.parametrize("text", ["rotate:query", "brightness:2", "contrast:2", "noise:2", "shift:2"])
def test_seed_and_image_decide_what_is_random(text: str) -> None:
    condition, image = parse_condition(text), picture()
    assert len({condition.on_query(image, seed).digest for seed in range(20)}) > 1
    offset = read_image(image.pixels + np.uint8(1))
    alike = [
        np.array_equal(condition.on_query(offset, seed).pixels - 1, condition.on_query(image, seed).pixels)
        for seed in range(20)
    ]
    assert not all(alike)


def test_severities_share_direction_and_pattern() -> None:
    for seed in range(6):
        image = picture(dtype=np.float32, seed=seed)
        for kind in ("noise", "brightness", "contrast"):
            one, three = (parse_condition(f"{kind}:{s}").on_query(image, 0).pixels - image.pixels for s in (1, 3))
            assert np.corrcoef(one.ravel(), three.ravel())[0, 1] > 0.99


@pytest.mark.parametrize("text", EXAMPLES)
def test_only_rotate_both_touches_the_support(text: str) -> None:
    condition, image = parse_condition(text), picture()
    shown = condition.on_support(image, 0)
    assert condition.leaves_support == (shown is image) == (text != "rotate:both")
    if text == "rotate:both":
        assert shown.digest == condition.on_query(image, 0).digest


@pytest.mark.parametrize("dtype", DEPTHS)
@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_a_higher_severity_changes_more(kind: str, dtype: type) -> None:
    smooth = 25 if kind == "shift" else 3  # beyond the size of its detail a picture differs no more
    for seed in range(6):
        image = picture(160, 200, dtype=dtype, seed=seed, smooth=smooth)
        changes = [difference(parse_condition(f"{kind}:{s}").on_query(image, 0), image) for s in (1, 2, 3)]
        assert 0 < changes[0] < changes[1] < changes[2]


def marked(height: int, width: int, y: int, x: int) -> tuple[Image, NDArray[np.bool_]]:
    """A picture whose only white pixel is the only anomalous one."""
    pixels = np.zeros((height, width), dtype=np.uint8)
    pixels[y, x] = 255
    return read_image(pixels), pixels > 0


@pytest.mark.parametrize("text", ["rotate:query", "rotate:both", "shift:1", "shift:2", "shift:3"])
def test_the_mask_moves_as_the_image(text: str) -> None:
    condition = parse_condition(text)
    assert not condition.leaves_geometry
    for seed, (y, x) in itertools.product(range(8), [(0, 0), (3, 17), (39, 59), (2, 58)]):
        image, mask = marked(40, 60, y, x)
        shown, moved = condition.on_query(image, seed), condition.on_mask(mask, image, seed)
        assert np.array_equal(shown.pixels[..., 0] > 0, moved)


def test_rotation_is_a_quarter_turn_either_way() -> None:
    image, _ = marked(4, 6, 1, 5)
    condition = parse_condition("rotate:query")
    shown = [condition.on_query(image, seed).pixels[..., 0] for seed in range(400)]
    assert {pixels.shape for pixels in shown} == {(6, 4)}
    places = [tuple(np.argwhere(pixels)[0].tolist()) for pixels in shown]
    assert set(places) == {(0, 1), (5, 2)}  # to the left: rows from columns; to the right: columns from rows
    assert 150 < places.count((0, 1)) < 250


@pytest.mark.parametrize(("severity", "down", "right"), [(1, 2, 4), (2, 5, 10), (3, 10, 20)])
def test_shift_by_its_share_of_each_side(severity: int, down: int, right: int) -> None:
    condition = parse_condition(f"shift:{severity}")
    image, _ = marked(100, 200, 50, 90)
    shown = [condition.on_query(image, seed).pixels[..., 0] for seed in range(60)]
    places = {tuple(np.argwhere(pixels)[0].tolist()) for pixels in shown}
    assert places == {(50 + a * down, 90 + b * right) for a in (-1, 1) for b in (-1, 1)}


def test_borders_of_a_shift_are_mirrored() -> None:
    image = read_image(np.arange(200, dtype=np.uint8).reshape(10, 20))
    expected = np.pad(image.pixels[..., 0], ((1, 1), (2, 2)), mode="symmetric")
    corners = [expected[y : y + 10, x : x + 20].tolist() for y in (0, 2) for x in (0, 4)]
    for seed in range(10):
        assert parse_condition("shift:3").on_query(image, seed).pixels[..., 0].tolist() in corners


@pytest.mark.parametrize("text", [text for text in EXAMPLES if not text.startswith(("rotate", "shift"))])
def test_the_mask_stays_where_the_image_does(text: str) -> None:
    image, mask = marked(20, 30, 4, 5)
    condition = parse_condition(text)
    assert condition.leaves_geometry
    assert condition.on_mask(mask, image, 0) is mask


def test_a_mask_of_another_size() -> None:
    image, _ = marked(20, 30, 4, 5)
    with pytest.raises(InputError, match=r"mask of image: expected the image's size \(20, 30\), got \(30, 20\)"):
        parse_condition("shift:1").on_mask(np.zeros((30, 20), dtype=bool), image, 0)


@pytest.mark.parametrize(("severity", "factor"), [(1, 1.1), (2, 1.25), (3, 1.5)])
def test_brightness_and_contrast_by_their_factor(severity: int, factor: float) -> None:
    image = picture(dtype=np.float32)
    mean = image.pixels.mean()
    ratios: dict[str, set[float]] = {"brightness": set(), "contrast": set()}
    for seed in range(12):
        brighter = parse_condition(f"brightness:{severity}").on_query(image, seed).pixels
        starker = parse_condition(f"contrast:{severity}").on_query(image, seed).pixels
        ratios["brightness"].add(round(float(np.median(brighter / image.pixels)), 4))
        ratios["contrast"].add(round(float(np.std(starker) / np.std(image.pixels)), 4))
        assert np.allclose(brighter / image.pixels, np.median(brighter / image.pixels), atol=1e-5)
        assert starker.mean() == pytest.approx(mean, abs=1e-5)
    assert ratios["brightness"] == ratios["contrast"] == {round(factor, 4), round(1 / factor, 4)}


@pytest.mark.parametrize("dtype", DEPTHS)
@pytest.mark.parametrize(("severity", "sigma"), [(1, 4), (2, 8), (3, 16)])
def test_noise_of_its_grey_levels(severity: int, sigma: float, dtype: type) -> None:
    image = picture(200, 200, dtype=dtype)
    shown = parse_condition(f"noise:{severity}").on_query(image, 0)
    noise = (shown.pixels.astype(float) - image.pixels) / DEPTHS[dtype] * 255
    assert noise.std() == pytest.approx(sigma, rel=0.02)
    assert abs(noise.mean()) < 0.1
    assert abs(np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]) < 0.02


@pytest.mark.parametrize(("severity", "share"), [(1, 0.004), (2, 0.008), (3, 0.016)])
def test_blur_of_its_share_of_the_side(severity: int, share: float) -> None:
    pixels = np.zeros((400, 225), dtype=np.float32)  # a side of 300
    pixels[200, 112] = 1
    shown = parse_condition(f"blur:{severity}").on_query(read_image(pixels), 0).pixels[..., 0].astype(float)
    rows, columns = np.indices(shown.shape)
    assert shown.sum() == pytest.approx(1, abs=1e-3)
    for places, centre in ((rows, 200), (columns, 112)):
        variance = (shown * (places - centre) ** 2).sum()
        assert variance == pytest.approx((share * 300) ** 2, rel=0.1)


def test_blur_mixes_no_colours() -> None:
    pixels = np.zeros((100, 100, 3), dtype=np.float32)
    pixels[..., 0] = np.random.default_rng(0).random((100, 100))
    shown = parse_condition("blur:3").on_query(read_image(pixels), 0).pixels
    assert shown[..., 0].std() < 0.5 * pixels[..., 0].std()
    assert not shown[..., 1:].any()


def test_jpeg_is_what_a_file_would_hold(tmp_path: Any) -> None:
    import PIL.Image

    image = picture()
    for severity, quality in ((1, 50), (2, 25), (3, 10)):
        PIL.Image.fromarray(image.pixels).save(tmp_path / "photo.jpg", quality=quality)
        shown = parse_condition(f"jpeg:{severity}").on_query(image, 0)
        assert np.array_equal(shown.pixels, read_image(tmp_path / "photo.jpg").pixels)


def test_jpeg_holds_eight_bits_of_deeper_images() -> None:
    shallow = parse_condition("jpeg:1").on_query(picture(), 0).pixels
    deep = parse_condition("jpeg:1").on_query(picture(dtype=np.uint16), 0).pixels
    assert (deep % 257 == 0).all()
    assert np.abs(deep / 257.0 - shallow).mean() < 1


def test_tiny_images_are_fine() -> None:
    image = read_image(np.array([[0.2]], dtype=np.float32))
    for text in EXAMPLES:
        assert parse_condition(text).on_query(image, 0).pixels.shape == (1, 1, 1)


def test_contamination_draws_each_shot_by_itself() -> None:
    drawn = [parse_condition("contaminate:5").contaminated_positions(10, seed) for seed in range(2000)]
    counts = np.bincount([len(positions) for positions in drawn], minlength=4)
    assert counts @ np.arange(counts.size) / 2000 == pytest.approx(0.5, abs=0.05)
    assert counts[0] / 2000 == pytest.approx(0.95**10, abs=0.04)
    assert np.bincount(np.concatenate(drawn).astype(int), minlength=10).min() > 50
    assert drawn[0] == parse_condition("contaminate:5").contaminated_positions(10, 0)
    assert all(list(positions) == sorted(set(positions)) for positions in drawn)


def test_more_contamination_and_more_shots_add_to_less() -> None:
    for seed in range(50):
        few, many = (set(parse_condition(f"contaminate:{p}").contaminated_positions(10, seed)) for p in (5, 30))
        longer = set(parse_condition("contaminate:5").contaminated_positions(20, seed))
        assert few <= many
        assert {position for position in longer if position < 10} == few


def test_all_or_nothing_of_the_support() -> None:
    assert parse_condition("contaminate:100").contaminated_positions(4, 0) == (0, 1, 2, 3)
    for text in EXAMPLES:
        if not text.startswith("contaminate"):
            assert parse_condition(text).contamination == 0
            assert parse_condition(text).contaminated_positions(50, 0) == ()
