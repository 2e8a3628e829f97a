from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tenshot.core.errors import InputError, MissingError
from tenshot.data.known import mvtec_ad
from tenshot.data.known.mvtec_ad import COUNTS, PRODUCTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Put = Callable[..., Path]


def product(put: Put, name: str, defect: str) -> Path:
    put(f"{name}/train/good/0.png", f"{name}/test/good/0.png", f"{name}/test/{defect}/0.png")
    return put(f"{name}/ground_truth/{defect}/0_mask.png", mask=255)


@pytest.mark.parametrize(
    ("folder", "defect", "name", "about"),
    [
        ("pill", "scratch", "mvtec_ad/pill", "MVTec AD"),
        ("tubes", "anomalous", "mpdd/tubes", "MPDD"),
        ("candle", "bad", "visa/candle", "VisA"),
        ("magnetic_tile", "fray", "magnetic_tile", "Magnetic tiles"),
        ("pill", "eaten", "pill", ""),
        ("scratch", "scratch", "scratch", ""),
        ("widget", "fray", "widget", ""),
    ],
)
def test_a_known_product_is_told_by_its_name_and_its_defects(
    put: Put, *, folder: str, defect: str, name: str, about: str
) -> None:
    root = product(put, folder, defect)
    assert mvtec_ad.looks_like(root / folder)
    [category] = mvtec_ad.read(root / folder)
    assert category.name == name
    assert category.about.startswith(about)
    assert bool(category.about) is bool(about)


def test_all_products_of_a_folder(put: Put) -> None:
    product(put, "sets/pill", "scratch")
    root = product(put, "sets/widget", "bent") / "sets"
    put("sets/notes/x.png")
    assert mvtec_ad.looks_like(root)
    assert [category.name for category in mvtec_ad.read(root)] == ["mvtec_ad/pill", "sets/widget"]


@pytest.mark.parametrize("lost", ["test", "train"])
def test_the_remains_of_a_product_are_told(put: Put, lost: str) -> None:
    product(put, "sets/widget", "bent")
    root = product(put, "sets/other", "bent") / "sets"
    (root / "widget" / lost).rename(root / "widget" / "moved")
    with pytest.raises(MissingError, match=rf"widget/{lost}.*: there is no such folder"):
        mvtec_ad.read(root)


def test_another_split_than_the_official_one_is_told(put: Put) -> None:
    [category] = mvtec_ad.read(product(put, "pill", "scratch") / "pill")
    assert "(1 to learn, 1 + 1 to judge; theirs: 267 to learn, 26 + 141 to judge)" in category.about


def test_the_official_numbers_add_up() -> None:
    assert [sum(column) for column in zip(*COUNTS.values(), strict=True)] == [3629, 467, 1258]
    assert COUNTS.keys() == PRODUCTS.keys()
    assert sum(len(defects.split()) for defects in PRODUCTS.values()) == 73  # as the paper counts them


def test_masks_may_be_missing_but_never_astray(put: Put) -> None:
    root = product(put, "widget", "bent") / "widget"
    (root / "ground_truth/bent/0_mask.png").unlink()
    [category] = mvtec_ad.read(root)
    assert category.lacks == "No pixel metrics: no anomalous image has a mask."
    put("widget/ground_truth/bent/7_mask.png", mask=255)
    with pytest.raises(InputError, match=r"7_mask\.png: a mask must bear the name"):
        mvtec_ad.read(root)


def test_real_products(shared_data: Path) -> None:
    found = {category.name: category for category in mvtec_ad.read(shared_data / "mvtec_ad")}
    for product, official in (("bottle", True), ("pill", True), ("transistor", True), ("capsule", False)):
        assert ("split otherwise" not in found[f"mvtec_ad/{product}"].about) is official
    assert found["mvtec_ad/transistor"].lacks == "No pixel metrics: 8 of 40 anomalous images have a mask."
    [tiles] = mvtec_ad.read(shared_data / "magnetic_tile")
    assert (tiles.name, len(tiles.train_good), len(tiles.test), tiles.lacks) == ("magnetic_tile", 666, 678, "")
