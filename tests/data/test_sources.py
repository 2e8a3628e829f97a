from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenshot.core.errors import InputError, MissingError
from tenshot.data.sources import IMAGE_SUFFIXES, find_images, natural_key

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with images at two depths, and everything that is none."""
    for name in (
        "a/img10.png", "a/img2.png", "a/IMG1.PNG", "a/deep/x.JPG", "a/deep/y.webp", "a/notes.txt", "a/.hidden.png",
        "a/.cache/z.png", "b/only.tiff", "b/raw.dat", "none/readme.md",
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(*sources: str | Path) -> list[str]:
    return [path.as_posix() for path in find_images(sources)]


IN_A = ["a/deep/x.JPG", "a/deep/y.webp", "a/IMG1.PNG", "a/img2.png", "a/img10.png"]


@pytest.mark.usefixtures("folder")
def test_folder_is_searched_in_natural_order() -> None:
    assert found("a") == IN_A
    assert find_images("a") == find_images(Path("a")) == [Path(name) for name in IN_A]


@pytest.mark.usefixtures("folder")
def test_named_file_is_taken_whatever_its_suffix() -> None:
    assert found("b/raw.dat", "a/.hidden.png") == ["a/.hidden.png", "b/raw.dat"]
    assert found("b") == ["b/only.tiff"]


@pytest.mark.usefixtures("folder")
def test_hidden_folder_is_searched_when_named() -> None:
    assert found("a/.cache") == ["a/.cache/z.png"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a/*.png", ["a/img2.png", "a/img10.png"]),
        ("a/img?.png", ["a/img2.png"]),
        ("a/[iI]*[12].*", ["a/IMG1.PNG", "a/img2.png"]),
        ("a/.*.png", ["a/.hidden.png"]),
        ("**/*.webp", ["a/deep/y.webp"]),
        ("*/deep", ["a/deep/x.JPG", "a/deep/y.webp"]),
        ("*/*.dat", ["b/raw.dat"]),
        ("**", [*IN_A, "b/only.tiff"]),
        ("a/../b/*.tiff", ["a/../b/only.tiff"]),
    ],
)
def test_globs_that_no_shell_expanded(folder: Path, pattern: str, expected: list[str]) -> None:
    assert found(pattern) == expected
    assert found(str(folder / pattern)) == [str(folder / name) for name in expected]


@pytest.mark.usefixtures("folder")
def test_file_whose_name_looks_like_a_glob() -> None:
    Path("a/part[1].png").write_bytes(b"x")
    Path("a/part1.png").write_bytes(b"x")
    assert found("a/part[1].png") == ["a/part[1].png"]


def test_each_file_once_in_any_order_of_sources(folder: Path) -> None:
    (folder / "a/link.png").symlink_to(folder / "a/img2.png")
    sources = ["a", "a/img2.png", "a/*.png", str(folder / "a"), "./a/../a/IMG1.PNG", Path("b")]
    forward, backward = find_images(sources), find_images(reversed(sources))
    assert forward == backward
    assert sorted(path.resolve().name for path in forward) == sorted(
        ["IMG1.PNG", "img2.png", "img10.png", "only.tiff", "x.JPG", "y.webp"]
    )


def test_each_folder_is_listed_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a/deep/up").symlink_to(folder / "a")
    listing, listed = Path.iterdir, []

    def note(path: Path) -> object:
        listed.append(path.resolve())
        return listing(path)

    monkeypatch.setattr(Path, "iterdir", note)
    find_images([folder / "a"])
    assert sorted(listed) == [folder / "a", folder / "a/deep"]


def test_links_are_followed_and_loops_are_not(folder: Path) -> None:
    (folder / "a/deep/up").symlink_to(folder / "a")
    (folder / "a/deep/self.png").symlink_to(folder / "a/deep/self.png")
    (folder / "linked").symlink_to(folder / "b")
    assert found("linked") == ["linked/only.tiff"]
    names = [Path(name).name for name in found("a")]
    assert sorted(names) == sorted([*(Path(name).name for name in IN_A), "self.png"])  # the reader says what is wrong


def test_folder_named_like_an_image_is_a_folder(folder: Path) -> None:
    (folder / "x.png").mkdir()
    (folder / "x.png/inside.png").write_bytes(b"x")
    assert found("x.png") == found("*.png") == ["x.png/inside.png"]


def test_every_promised_suffix(tmp_path: Path) -> None:
    for suffix in IMAGE_SUFFIXES:
        (tmp_path / f"lower{suffix}").touch()
        (tmp_path / f"UPPER{suffix.upper()}").touch()
    assert len(find_images([tmp_path])) == 2 * len(IMAGE_SUFFIXES)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("sources", "kind", "words"),
    [
        ([], InputError, ["no images were given"]),
        (["nowhere"], MissingError, ["nowhere", "no such file or folder"]),
        (["a", "a/img3.png"], MissingError, ["a/img3.png"]),
        (["none"], InputError, ["none holds no images", ".bmp, .jpeg, .jpg, .png, .tif, .tiff, .webp"]),
        (["a/*.gif"], MissingError, ["a/*.gif", "matches", ".webp"]),
        (["nowhere/*.png"], MissingError, ["nowhere/*.png"]),
        (["non*"], MissingError, ["non*"]),
        (["a/**.png"], InputError, ["a/**.png", "pattern"]),
        (["x" * 5000], InputError, ["cannot be looked up"]),
    ],
)
def test_refused(sources: list[str], kind: type[Exception], words: list[str]) -> None:
    with pytest.raises(kind) as caught:
        find_images(sources)
    for word in words:
        assert word in str(caught.value)


def test_folder_that_cannot_be_listed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listing: Callable[[Path], object] = Path.iterdir

    def deny(path: Path) -> object:
        if path.name == "deep":
            raise PermissionError(13, "Permission denied")
        return listing(path)

    monkeypatch.setattr(Path, "iterdir", deny)  # permissions do not bind the administrator, who may run this test
    with pytest.raises(InputError, match=r"deep cannot be listed \(Permission denied\)"):
        find_images([folder / "a"])


def test_natural_order() -> None:
    names = ["x/1.png", "x/2 b.png", "x/02.png", "x/10.png", "x10/1.png", "X9/1.png", "x/a1b10.png", "x/a1b9.png"]
    ordered = [path.as_posix() for path in sorted(map(Path, names), key=natural_key)]
    assert ordered == [
        "x/1.png", "x/2 b.png", "x/02.png", "x/10.png", "x/a1b9.png", "x/a1b10.png", "X9/1.png", "x10/1.png",
    ]  # fmt: skip


@given(st.lists(st.text(alphabet="aB01\u0663\u00b2-. \u00e9", min_size=1)))
def test_any_names_can_be_ordered(names: list[str]) -> None:
    paths = list(map(Path, names))
    backwards = paths[::-1]
    assert sorted(paths, key=natural_key) == sorted(backwards, key=natural_key)
