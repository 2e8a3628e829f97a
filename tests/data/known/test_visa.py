from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tenshot.core.errors import InputError, MissingError
from tenshot.data.folders import read_mask
from tenshot.data.known import visa

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Put = Callable[..., Path]

HEAD = "object,split,label,image,mask"
NORMAL = "candle/Data/Images/Normal"
ANOMALY = "candle/Data/Images/Anomaly"
MASKS = "candle/Data/Masks/Anomaly"
ROWS = [
    f"candle,train,normal,{NORMAL}/0010.JPG,",
    f"candle,train,normal,{NORMAL}/0002.JPG,",
    f"candle,test,normal,{NORMAL}/0003.JPG,",
    f"candle,test,anomaly,{ANOMALY}/000.JPG,{MASKS}/000.png",
    f"candle,test,anomaly,{ANOMALY}/001.JPG,{MASKS}/001.png",
]


@pytest.fixture
def root(put: Put) -> Path:
    put(*(f"{NORMAL}/{name}.JPG" for name in ("0002", "0003", "0010")), f"{ANOMALY}/000.JPG", f"{ANOMALY}/001.JPG")
    put("pcb1/Data/Images/Normal/0.JPG", "pcb1/Data/Images/Normal/1.JPG")
    root = put(f"{MASKS}/001.png", f"{MASKS}/000.png", mask=3)
    more = ["pcb1,train,normal,pcb1/Data/Images/Normal/0.JPG,", "pcb1,test,normal,pcb1/Data/Images/Normal/1.JPG,"]
    write(root, [*ROWS, *more])
    return root


def write(root: Path, rows: list[str], head: str = HEAD) -> None:
    (root / "split_csv").mkdir(exist_ok=True)
    (root / "split_csv/1cls.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")


def test_the_table_splits_and_names_pair(root: Path) -> None:
    assert visa.looks_like(root)
    candle, pcb1 = visa.read(root)
    assert (candle.name, pcb1.name) == ("visa/candle", "visa/pcb1")
    assert [candle.label(image) for image in candle.train_good] == [
        "Data/Images/Normal/0002.JPG",
        "Data/Images/Normal/0010.JPG",
    ]
    masks = [image.mask_path and image.mask_path.name for image in candle.test]
    assert masks == ["000.png", "001.png", None]
    assert [(candle.label(image.source), image.defect) for image in candle.test] == [
        ("Data/Images/Anomaly/000.JPG", "anomaly"),
        ("Data/Images/Anomaly/001.JPG", "anomaly"),
        ("Data/Images/Normal/0003.JPG", "good"),
    ]
    assert candle.lacks == ""
    assert "CC BY 4.0" in candle.about


def test_any_class_number_in_a_mask_is_anomalous(root: Path) -> None:
    mask = visa.read(root)[0].test[0].mask_path
    assert mask is not None
    assert read_mask(mask, (10, 12)).sum() == 9


def test_one_product(root: Path) -> None:
    assert visa.looks_like(root / "candle")
    [candle] = visa.read(root / "candle")
    assert candle.name == "visa/candle"
    assert len(candle.test) == 3


def test_missing_mask_leaves_image_level(root: Path) -> None:
    write(root, [*ROWS[:4], f"candle,test,anomaly,{ANOMALY}/001.JPG,"])
    (root / MASKS / "001.png").unlink()
    assert visa.read(root / "candle")[0].lacks == "No pixel metrics: 1 of 2 anomalous images have a mask."


def test_missing_table_is_named(root: Path) -> None:
    (root / "split_csv/1cls.csv").unlink()
    with pytest.raises(MissingError, match=r"1cls\.csv: there is no such file; it says which images"):
        visa.read(root)


@pytest.mark.parametrize("lost", [f"{NORMAL}/0002.JPG", f"{MASKS}/001.png"])
def test_file_of_the_table_that_is_not_there_is_named(root: Path, lost: str) -> None:
    (root / lost).unlink()
    with pytest.raises(MissingError, match=f"{lost}: there is no such file"):
        visa.read(root)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("candle,train,anomaly,x.JPG,", r"line 2: expected .* got train,anomaly,x\.JPG"),
        ("candle,val,normal,x.JPG,", "line 2: expected"),
        ("candle,test,normal,,", "line 2: expected"),
        (f"pcb1,test,normal,{NORMAL}/0002.JPG,", "line 2: the image must lie in pcb1/, got candle/"),
        ("candle,test,normal,candle/../pcb1/x.JPG,", r"line 2: the image must lie in candle/, got candle/\.\./"),
        (f"candle,test,anomaly,{ANOMALY}/000.JPG,{MASKS}/001.png", r"line 2: a mask must bear the name .*001\.png for"),
    ],
)
def test_row_that_cannot_be_is_named(root: Path, row: str, words: str) -> None:
    write(root, [row])
    with pytest.raises(InputError, match=words):
        visa.read(root)


def test_other_columns_and_products_without_rows(root: Path) -> None:
    write(root, [], head="object,set,label,image,mask")
    with pytest.raises(InputError, match="columns must be object,split"):
        visa.read(root)
    write(root, ROWS)
    with pytest.raises(InputError, match="pcb1 needs images to learn and to judge, got 0, 0"):
        visa.read(root)


def test_table_that_is_no_text(root: Path) -> None:
    (root / "split_csv/1cls.csv").write_bytes(b"object,split\xff\xfe")
    with pytest.raises(InputError, match=r"1cls\.csv is not a table of text"):
        visa.read(root)


def test_mask_without_an_image_is_named(root: Path, put: Put) -> None:
    put(f"{MASKS}/001_mask.png", mask=1)
    with pytest.raises(InputError, match=r"001_mask\.png: a mask must bear"):
        visa.read(root)
