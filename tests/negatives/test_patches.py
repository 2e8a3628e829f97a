from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as running
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import ndimage, stats

from tenshot.negatives import PatchSettings, corrupt, noise_start, patches

KINDS = ("noise", "constant", "copy_paste", "blur")
BOXY = {"log_aspect": True, "aspect": (0.5, 2.0)}
UNLIKELY = 1e-3


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(seed).random(shape, dtype=np.float32))


def settings(**changes: Any) -> PatchSettings:
    return PatchSettings.model_validate(changes)


def box(mask: torch.Tensor) -> tuple[slice, slice]:
    """The rectangle that one patch fills."""
    rows, columns = (mask.any(dim=dim).nonzero()[:, 0].tolist() for dim in (1, 0))
    place = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    assert mask[place].all()
    assert mask.sum() == len(rows) * len(columns)
    return place


def shapes(count: int, side: int, **changes: Any) -> tuple[np.ndarray, np.ndarray]:
    """Heights and widths of many patches on a square picture."""
    picture, random = torch.empty(1).expand(3, side, side), generator()
    places = [patches._draw_place(picture, settings(**changes), random) for _ in range(count)]
    assert all(p.top >= 0 and p.left >= 0 and p.top + p.height <= side and p.left + p.width <= side for p in places)
    return np.array([p.height for p in places]), np.array([p.width for p in places])


def test_the_defaults_are_those_of_appendix_a4() -> None:
    defaults = PatchSettings()
    assert defaults.kinds == KINDS
    assert (defaults.most, defaults.area, defaults.aspect) == (3, (0.0025, 0.025), (0.01, 100.0))
    assert not defaults.log_aspect


def test_the_area_is_uniform() -> None:
    heights, widths = shapes(1500, 3000, **BOXY)
    area = heights * widths / 3000**2
    assert stats.kstest(area, stats.uniform(0.0025, 0.0225).cdf).pvalue > UNLIKELY


def test_the_aspect_ratio_is_uniform_as_printed() -> None:
    # On a picture this large no patch is cut off and rounding does not show.
    heights, widths = shapes(1500, 100_000, area=(0.001, 0.009))
    assert stats.kstest(widths / heights, stats.uniform(0.01, 99.99).cdf).pvalue > UNLIKELY


def test_or_its_logarithm_is() -> None:
    heights, widths = shapes(1500, 100_000, area=(0.001, 0.009), log_aspect=True)
    logs = np.log(widths / heights)
    assert stats.kstest(logs, stats.uniform(math.log(0.01), 2 * math.log(100)).cdf).pvalue > UNLIKELY


def test_what_is_longer_than_the_picture_is_cut_off() -> None:
    heights, widths = shapes(500, 128, aspect=(100.0, 100.0), area=(0.025, 0.025))
    assert set(widths.tolist()) == {128}
    assert set(heights.tolist()) == {round(math.sqrt(0.025 * 128**2 / 100))}
    heights, widths = shapes(500, 128, aspect=(0.01, 0.01), area=(0.025, 0.025))
    assert set(heights.tolist()) == {128}


def test_a_place_is_anywhere_in_the_picture() -> None:
    random, picture = generator(), torch.empty(1).expand(3, 50, 80)
    one = settings(area=(0.0001, 0.0001), aspect=(1, 1))
    places = [patches._draw_place(picture, one, random) for _ in range(4000)]
    assert {place.height * place.width for place in places} == {1}
    for starts, limit in (([place.top for place in places], 50), ([place.left for place in places], 80)):
        assert stats.chisquare(np.bincount(starts, minlength=limit)).pvalue > UNLIKELY


@pytest.mark.parametrize("most", [1, 3, 5])
def test_every_number_of_patches_is_equally_likely(most: int) -> None:
    # Patches of a single pixel, which hardly ever meet.
    _, mask = corrupt(draw(600, 1, 128, 128), settings=settings(area=(1e-6, 1e-6), most=most), generator=generator())
    counts = np.bincount(mask.sum(dim=(1, 2)).numpy(), minlength=most + 1)
    assert counts[0] == 0
    assert len(counts) == most + 1
    assert most == 1 or stats.chisquare(counts[1:]).pvalue > UNLIKELY


def test_every_kind_is_equally_likely() -> None:
    ramp = torch.arange(64.0 * 64).view(1, 1, 64, 64).repeat(400, 1, 1, 1)
    corrupted, mask = corrupt(ramp, settings=settings(most=1, area=(0.02, 0.02), aspect=(1, 1)), generator=generator())
    kinds = dict.fromkeys(KINDS, 0)
    for before, after, inside in zip(ramp, corrupted, mask, strict=True):
        moved = (after - before)[:, inside]
        if len(after[:, inside].unique()) == 1:
            kinds["constant"] += 1
        elif moved.unique().numel() == 1:
            kinds["copy_paste"] += 1
        else:
            # A blurred ramp is the ramp, but for the borders of the picture.
            kinds["blur" if moved.abs().median() < 2 else "noise"] += 1
    assert stats.chisquare(list(kinds.values())).pvalue > UNLIKELY


@running(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 40), st.sampled_from([(k,) for k in KINDS] + [KINDS]))
def test_only_what_lies_inside_patches_changes(seed: int, height: int, width: int, kinds: tuple[str, ...]) -> None:
    images = draw(2, 3, height, width, seed=seed)
    before = images.clone()
    corrupted, mask = corrupt(images, settings=settings(kinds=kinds), generator=generator(seed))
    assert torch.equal(images, before)
    assert corrupted.shape == images.shape
    assert (mask.shape, mask.dtype) == ((2, height, width), torch.bool)
    assert mask.flatten(1).any(dim=1).all(), "at least one pixel"
    outside = ~mask[:, None].expand_as(images)
    assert torch.equal(corrupted[outside], images[outside])
    for before_, after in zip(images, corrupted, strict=True):
        assert before_.min() - 1e-6 <= after.min()
        assert after.max() <= before_.max() + 1e-6


def test_the_mask_of_noise_is_exactly_what_changed() -> None:
    images = draw(20, 3, 64, 64)
    corrupted, mask = corrupt(images, settings=settings(kinds=("noise",)), generator=generator())
    assert torch.equal((corrupted != images).any(dim=1), mask)


def test_noise_is_uniform_between_the_least_and_the_largest_value_of_its_own_picture() -> None:
    images = draw(2, 3, 256, 256) * torch.tensor([0.2, 3.0]).view(2, 1, 1, 1) - 1
    one = settings(kinds=("noise",), most=1, area=(0.02, 0.02), **BOXY)
    corrupted, mask = corrupt(images, settings=one, generator=generator())
    for low, span, picture, inside in zip((-1, -1), (0.2, 3.0), corrupted, mask, strict=True):
        values = picture[:, inside].flatten().numpy()
        assert stats.kstest(values, stats.uniform(low, span).cdf).pvalue > UNLIKELY


def test_a_constant_patch_has_one_colour() -> None:
    images = draw(300, 3, 32, 32)
    corrupted, mask = corrupt(images, settings=settings(kinds=("constant",), most=1), generator=generator())
    colours = []
    for picture, inside in zip(corrupted, mask, strict=True):
        values = picture[:, inside]
        assert (values == values[:, :1]).all()
        assert len(values[:, 0].unique()) == 3, "a colour, not a grey"
        colours.append(values[:, 0])
    assert stats.kstest(torch.stack(colours).flatten().numpy(), stats.uniform(0, 1).cdf).pvalue > UNLIKELY


def test_a_copy_is_another_place_of_the_same_picture() -> None:
    # Values tell where they come from: picture, row and column.
    images = torch.arange(5 * 40 * 60, dtype=torch.float64).view(5, 1, 40, 60).repeat(1, 3, 1, 1)
    corrupted, mask = corrupt(images, settings=settings(kinds=("copy_paste",), most=1), generator=generator())
    for index, (picture, inside) in enumerate(zip(corrupted, mask, strict=True)):
        place = box(inside)
        assert not torch.equal(picture[0][place], images[index, 0][place])
        copied = picture[0][place] - 2400 * index
        top, left = divmod(int(copied[0, 0]), 60)
        height, width = copied.shape
        assert torch.equal(picture[:, *place], images[index, :, top : top + height, left : left + width])


@running(deadline=None)
@given(st.integers(0, 10_000), st.floats(0.3, 6))
def test_a_blurred_patch_is_that_place_of_scipys_blurred_picture(seed: int, sigma: float) -> None:
    images = draw(1, 3, 24, 31, seed=seed).double()
    one = settings(kinds=("blur",), most=1, sigma=(sigma, sigma), area=(0.01, 0.3), log_aspect=True)
    corrupted, mask = corrupt(images, settings=one, generator=generator(seed))

    def smooth(values: np.ndarray) -> np.ndarray:
        return ndimage.gaussian_filter(values, sigma, mode="constant", radius=math.ceil(3 * sigma))

    # Beyond the border there is nothing, and nothing has no weight.
    expected = np.stack([smooth(channel) / smooth(np.ones_like(channel)) for channel in images[0].numpy()])
    inside = mask[0].numpy()
    np.testing.assert_allclose(corrupted[0].numpy()[:, inside], expected[:, inside], atol=1e-6)


@pytest.mark.parametrize("kind", ["blur", "copy_paste", "noise", "constant"])
def test_on_a_flat_picture_nothing_changes_and_the_mask_says_where_patches_are(kind: str) -> None:
    images = torch.full((2, 3, 16, 16), 0.3)
    corrupted, mask = corrupt(images, settings=settings(kinds=(kind,)), generator=generator())
    torch.testing.assert_close(corrupted, images)
    assert mask.any()


def test_the_generator_decides_everything() -> None:
    images = draw(4, 3, 32, 32)
    first, same, other = (corrupt(images, settings=settings(), generator=generator(seed)) for seed in (0, 0, 1))
    assert all(torch.equal(a, b) for a, b in zip(first, same, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize(
    "changes",
    [
        {"kinds": ()},
        {"kinds": ("scratch",)},
        {"most": 0},
        {"area": (0.1, 0.01)},
        {"area": (0, 0.1)},
        {"area": (0.5, 1.5)},
        {"aspect": (0, 1)},
        {"aspect": (2, 1)},
        {"sigma": (0, 1)},
        {"sizes": 3},
    ],
    ids=str,
)
def test_settings_that_make_no_patch_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**changes)


def test_the_classical_start_is_noise_in_the_range_of_the_pictures() -> None:
    images = draw(2, 3, 40, 40) * 4 - 2
    start = noise_start(images, generator=generator())
    assert (start.shape, start.dtype) == (images.shape, images.dtype)
    low, high = float(images.min()), float(images.max())
    assert stats.kstest(start.flatten().numpy(), stats.uniform(low, high - low).cdf).pvalue > UNLIKELY
    assert torch.equal(start, noise_start(images, generator=generator()))
    assert abs(np.corrcoef(start.flatten().numpy(), images.flatten().numpy())[0, 1]) < 0.05
