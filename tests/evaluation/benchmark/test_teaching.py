from __future__ import annotations

from pathlib import Path

import pytest

from tenshot.core.errors import InputError
from tenshot.data.folders import GOOD, Category, LabelledImage
from tenshot.evaluation.benchmark.teaching import lesson, trained_file


def category(name: str, root: Path | None = None) -> Category:
    good = tuple(Path(f"{name}/good/{index}.png") for index in range(80))
    return Category(name, good, (LabelledImage(good[0], None, GOOD),), root=root)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two further products, one of them of more images than are learned from."""
    for name, count in (("cups", 3), ("lids", 70)):
        (tmp_path / "apart" / name).mkdir(parents=True)
        for index in range(count):
            (tmp_path / "apart" / name / f"{index:02}.png").touch()
    return tmp_path / "apart"


def test_a_detector_learns_from_every_product_but_the_judged_one(folder: Path) -> None:
    tasks = lesson([category("a"), category("b")], without="a", folders=[folder])
    assert {name: len(images) for name, images in tasks.items()} == {"b": 64, "apart/cups": 3, "apart/lids": 64}
    assert tasks == lesson([category("a"), category("b")], without="a", folders=[folder])


def test_apart_it_learns_from_the_folders_alone(folder: Path) -> None:
    tasks = lesson([category("a"), category("b")], without=None, folders=[folder])
    assert list(tasks) == ["apart/cups", "apart/lids"]
    assert tasks == lesson([], without=None, folders=[folder]), "what is judged decides nothing"


def test_what_is_judged_is_not_learned_under_another_name(folder: Path, tmp_path: Path) -> None:
    for root in (folder / "cups", tmp_path):
        with pytest.raises(InputError, match="expected no images of what is judged, but a lies there"):
            lesson([category("a", root)], without=None, folders=[folder])


@pytest.mark.parametrize(("without", "named"), [("a", "a"), (None, "--train-apart")])
def test_nothing_to_learn_from_is_said(without: str | None, named: str) -> None:
    with pytest.raises(InputError, match=f"^{named}: nothing else to train on"):
        lesson([category("a")], without=without, folders=[])


def test_every_training_has_a_file_of_its_own(tmp_path: Path) -> None:
    files = {trained_file(tmp_path, "maml_ae", without) for without in ("a", "a b", "a_b", "apart", None)}
    assert len(files) == 5
    assert all(file.parent == tmp_path and " " not in file.name for file in files)
