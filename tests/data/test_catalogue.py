from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
import pytest

from tenshot.core.errors import InputError, MissingError
from tenshot.data.catalogue import LAYOUTS, find_sets, known_sets, look_up, recognise

if TYPE_CHECKING:
    from pathlib import Path

PILL = ("pill/train/good/0.png", "pill/test/good/0.png", "pill/test/crack/0.png", "pill/ground_truth/crack/0_mask.png")
WIDGET = ("widget/train/good/0.png", "widget/test/good/0.png", "widget/test/bent/0.png")
TILES = ("MT_Free/Imgs/0.jpg", "MT_Free/Imgs/1.jpg", "MT_Fray/Imgs/2.jpg", "MT_Fray/Imgs/2.png")
OWN = ("part/good/1.png", "part/good/2.png", "part/bad/1.png")


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    touch(tmp_path / "sets/MVTec_Anomaly_Detection", *PILL, *WIDGET)
    touch(tmp_path / "sets/Magnetic-Tile-Defect-Datasets", *TILES)
    return tmp_path / "sets"


def names(wanted: str, data: Path | None) -> list[str]:
    return [category.name for category in find_sets(wanted, data=data)]


def test_known_sets_by_name(data: Path) -> None:
    assert names("mvtec_ad/pill", data) == ["mvtec_ad/pill"]
    assert names("mvtec_ad/widget", data) == ["mvtec_ad/widget"]
    assert names("magnetic_tile", data) == ["magnetic_tile"]
    assert look_up("magnetic_tile", data=data).layout.title == "magnetic tiles"
    assert [name.partition("/")[2] for name in names("mvtec_ad", data)] == ["pill", "widget"]


def test_folders_by_path(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, *OWN)
    assert names(str(data / "MVTec_Anomaly_Detection/pill"), None) == ["mvtec_ad/pill"]
    assert names(str(data / "MVTec_Anomaly_Detection/widget"), None) == ["widget"]
    assert names(str(tmp_path / "part"), data) == ["part"]
    monkeypatch.chdir(tmp_path)
    assert names("part", data) == names("part/", None) == ["part"]


def test_path_counts_where_the_name_is_not_in_the_data_folder(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "here/visa", *(name.removeprefix("part/") for name in OWN))
    monkeypatch.chdir(tmp_path / "here")
    assert names("visa", data) == names("visa", None) == ["visa"]


@pytest.mark.usefixtures("elpv")
def test_solar_cells_need_no_folder(data: Path) -> None:
    assert names("solar_cells", None) == names("solar_cells", data) == ["solar_cells"]


def test_product_of_a_set_without_folders_for_products(data: Path) -> None:
    folder = data / "CIFAR10"
    folder.mkdir()
    records = b"".join(bytes([label]) + bytes([label]) * 3072 for label in range(10))
    for name in ("data_batch_1.bin", "test_batch.bin"):
        (folder / name).write_bytes(records)
    assert names("cifar10/cat", data) == ["cifar10/cat"]
    assert len(names("cifar10", data)) == 10
    with pytest.raises(MissingError, match=r"cifar10/dragon: .* holds cifar10/airplane, "):
        find_sets("cifar10/dragon", data=data)


@pytest.mark.parametrize(
    ("wanted", "with_data", "words"),
    [
        ("visa", True, "visa: .*sets holds no folder called visa or visa_20220922"),
        ("visa/candle", False, "visa/candle: name the folder in which visa lies"),
        ("mvtec_ad/screw", True, "mvtec_ad/screw: .* holds mvtec_ad/pill, "),
        ("widgets", True, r"widgets: there is no such folder, nor a known set of this name \(mvtec_ad, visa, "),
    ],
)
def test_what_is_not_there(data: Path, wanted: str, with_data: bool, words: str) -> None:
    with pytest.raises(MissingError, match=words):
        find_sets(wanted, data=data if with_data else None)


def test_unknown_layout_says_what_is_there_and_what_is_known(tmp_path: Path) -> None:
    touch(tmp_path, "a/x.png", "b.txt", ".hidden/good/x.png")
    with pytest.raises(InputError) as caught:
        recognise(tmp_path)
    assert "it holds a/, b.txt. Known are own folder: good " in str(caught.value)
    assert all(layout.title in str(caught.value) for layout in LAYOUTS)
    touch(tmp_path, *(f"c{index}/x" for index in range(10)))
    with pytest.raises(InputError, match=r"it holds a/, b\.txt, .*c5/ and 4 more\. Known"):
        recognise(tmp_path)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(InputError, match="it holds nothing"):
        recognise(tmp_path / "nothing")


def test_two_products_of_one_name_are_refused(tmp_path: Path) -> None:
    for place in ("magnetic_tile", "mtd"):
        touch(tmp_path, f"{place}/train/good/0.png", f"{place}/test/good/0.png", f"{place}/test/fray/0.png")
    with pytest.raises(InputError, match="two products are called magnetic_tile; give the path of one"):
        find_sets(str(tmp_path), data=None)


def test_known_sets_are_described() -> None:
    sets = known_sets()
    assert {"mvtec_ad", "visa", "magnetic_tile", "kolektor_sdd", "solar_cells", "mpdd", "btad", "mnist"} <= sets.keys()
    assert all(about.endswith(".") and "\n" not in about for about in sets.values())


def test_every_layout_reads_what_it_recognises(tmp_path: Path) -> None:
    """An empty folder is nobody's; each example is taken by its own layout."""
    examples = {
        "MVTec AD": WIDGET,
        "magnetic tiles": TILES,
        "own folder": OWN,
        "BTAD": ("01/train/ok/1.bmp", "01/test/ok/1.bmp", "01/test/ko/1.bmp"),
        "KolektorSDD2": ("train/1.png", "train/1_GT.png", "test/2.png", "test/2_GT.png"),
        "KolektorSDD": ("kos01/Part0.jpg", "kos01/Part0_label.bmp"),
        "VisA": ("candle/Data/Images/Normal/1.JPG",),
        "solar cells": ("labels.csv", "images/1.png"),
        "one-class archives": ("data_batch_1.bin",),
    }
    assert examples.keys() == {layout.title for layout in LAYOUTS}
    assert not any(layout.looks_like(tmp_path) for layout in LAYOUTS)
    for index, (title, files) in enumerate(examples.items()):
        root = tmp_path / str(index)
        touch(root, *files)
        assert recognise(root / "part" if title == "own folder" else root).title == title


def test_real_sets(shared_data: Path) -> None:
    assert names("mvtec_ad", shared_data) == [
        "mvtec_ad/bottle",
        "mvtec_ad/capsule",
        "mvtec_ad/pill",
        "mvtec_ad/transistor",
    ]
    assert names("magnetic_tile", shared_data) == names(str(shared_data / "magnetic_tile"), None) == ["magnetic_tile"]
    with pytest.raises(InputError, match="neu has no known layout; it holds crazing/"):
        find_sets(str(shared_data / "neu"), data=None)


def test_names_are_unique_in_a_category(tmp_path: Path) -> None:
    root = tmp_path / "part"
    for name in ("good/1.png", "good/2.png", "bad/1.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(np.eye(4, dtype=np.uint8)).save(root / name)
    [category] = find_sets(str(root), data=None)
    labels = [*map(category.label, category.train_good), *(category.label(image.source) for image in category.test)]
    assert sorted(labels) == ["bad/1.png", "good/1.png", "good/2.png"]
