from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenshot.core.errors import InputError
from tenshot.data.pairing import list_folders, list_images, name_some, pair_masks


def paths(*names: str) -> list[Path]:
    return [Path(name) for name in names]


def test_images_and_folders_of_a_folder(tmp_path: Path) -> None:
    for name in ("b10.PNG", "b9.jpg", ".hidden.png", "Thumbs.db", "notes.txt", "x.csv"):
        (tmp_path / name).touch()
    for name in ("z", ".git", "a", "folder.png"):
        (tmp_path / name).mkdir()
    assert [path.name for path in list_images(tmp_path)] == ["b9.jpg", "b10.PNG"]
    assert [path.name for path in list_folders(tmp_path)] == ["a", "folder.png", "z"]
    assert list_images(tmp_path / "none") == list_folders(tmp_path / "none") == []


def test_suffix_and_ending_may_differ() -> None:
    images = paths("t/1.JPG", "t/2.png", "t/3.bmp")
    masks = paths("m/3.png", "m/1_mask.PNG", "m/2.bmp")
    assert pair_masks(images, masks) == {
        Path("t/1.JPG"): masks[1],
        Path("t/2.png"): masks[2],
        Path("t/3.bmp"): masks[0],
    }
    assert pair_masks(images, paths("t/2_GT.png"), endings=("_GT",)) == {Path("t/2.png"): Path("t/2_GT.png")}


def test_the_longest_ending_decides() -> None:
    images = paths("1.png", "1_mask.png")
    assert pair_masks(images, paths("m/1_mask.png", "m/1_mask_mask.png")) == {
        Path("1.png"): Path("m/1_mask.png"),
        Path("1_mask.png"): Path("m/1_mask_mask.png"),
    }


@pytest.mark.parametrize(
    ("images", "masks", "endings", "words"),
    [
        (["t/1.png"], ["m/2_mask.png"], ("_mask",), r"m/2_mask\.png: a mask must bear the name of an image in t"),
        (["t/1.png"], ["m/1.png", "m/2.png", "m/3.png"], ("",), r"m/2\.png and 1 more: a mask must bear"),
        (["t/1.png"], ["m/1.png"], ("_GT",), "a mask must bear"),
        ([], ["m/1.png"], ("",), "an image in the set"),
        (["t/1.png"], ["m/1.png", "m/1_mask.png"], ("_mask", ""), r"1_mask\.png: t/1\.png has the mask 1\.png already"),
        (["t/1.png", "t/1.jpg"], ["m/1.png"], ("",), r"m/1\.png: .* to 1\.png and to 1\.jpg; names must tell"),
        (["t/A.png"], ["m/a.png"], ("",), "a mask must bear"),
    ],
)
def test_what_does_not_pair_is_named(images: list[str], masks: list[str], endings: tuple[str, ...], words: str) -> None:
    with pytest.raises(InputError, match=words):
        pair_masks(paths(*images), paths(*masks), endings=endings)


@given(st.sets(st.text("ab01", min_size=1, max_size=4), min_size=1), st.randoms(use_true_random=False))
def test_order_never_decides(stems: set[str], shuffler: object) -> None:
    images = [Path("t", f"{stem}.png") for stem in sorted(stems)]
    masks = [Path("m", f"{stem}_mask.png") for stem in sorted(stems)]
    shuffler.shuffle(masks)  # type: ignore[attr-defined]
    assert all(mask.stem == f"{image.stem}_mask" for image, mask in pair_masks(images, masks).items())
    assert len(pair_masks(images, masks)) == len(stems)


def test_some() -> None:
    assert name_some(paths("a")) == "a"
    assert name_some(paths("a", "b", "c")) == "a and 2 more"
