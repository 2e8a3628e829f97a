"""VisA in its original layout. Reorganised by its authors' script (``1cls``), it is read as any folder of MVTec AD's.

```
VisA/
├── candle/Data/Images/Normal/0000.JPG …
├── candle/Data/Images/Anomaly/000.JPG …
├── candle/Data/Masks/Anomaly/000.png …
└── split_csv/1cls.csv             object,split,label,image,mask
```

Quirks: suffixes are in upper case; masks hold small class numbers and look black, any nonzero pixel is anomalous; the
split is that of the one-class table, without which the set cannot be read.
"""

from __future__ import annotations

import csv
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from tenshot.core.errors import InputError, MissingError
from tenshot.data.folders import GOOD, Category, LabelledImage
from tenshot.data.known.layout import KnownSet, Layout
from tenshot.data.pairing import list_folders, list_images, pair_masks
from tenshot.data.sources import natural_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["LAYOUT", "PRODUCTS", "VISA", "looks_like", "read"]

VISA = KnownSet(
    "visa",
    "VisA (Zou et al., 2022), CC BY 4.0: twelve products, split by its one-class table; masks hold class numbers.",
    ("visa_20220922", "visa_pytorch", "visa_1cls"),
)

PRODUCTS = dict.fromkeys(
    (
        "candle",
        "capsules",
        "cashew",
        "chewinggum",
        "fryum",
        "macaroni1",
        "macaroni2",
        "pcb1",
        "pcb2",
        "pcb3",
        "pcb4",
        "pipe_fryum",
    ),
    "bad",
)
"""Its products, and their one type of defect after the authors' script has reorganised them."""

TABLE = Path("split_csv", "1cls.csv")
COLUMNS = ["object", "split", "label", "image", "mask"]
ANOMALY = "anomaly"


def looks_like(root: Path) -> bool:
    """Whether a folder holds products with ``Data/Images``, or is one of them."""
    return _is_product(root) or any(map(_is_product, list_folders(root)))


def read(root: Path) -> tuple[Category, ...]:
    """Reads all products that are there, or one of them, whose parent must hold the table.

    Raises:
        MissingError: the table, or an image or mask that it names, is not there.
        InputError: the table cannot be understood, or masks and images do not fit together.
    """
    one = _is_product(root)
    base = root.resolve().parent if one else root
    rows = _rows(base / TABLE)
    folders = [base / root.resolve().name] if one else [each for each in list_folders(root) if _is_product(each)]
    return tuple(_product(folder, base, rows.get(folder.name, [])) for folder in folders)


def _is_product(folder: Path) -> bool:
    return (folder / "Data" / "Images" / "Normal").is_dir()


def _rows(table: Path) -> dict[str, list[dict[str, str]]]:
    """Rows of the table by product."""
    if not table.is_file():
        msg = f"{table}: there is no such file; it says which images of VisA are learned and which are judged"
        raise MissingError(msg)
    by_product: dict[str, list[dict[str, str]]] = {}
    try:
        reader = csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines())
        columns, rows = list(reader.fieldnames or ()), list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        msg = f"{table} is not a table of text ({error})"
        raise InputError(msg) from error
    if columns != COLUMNS:
        msg = f"{table}: the columns must be {','.join(COLUMNS)}, got {','.join(columns)}"
        raise InputError(msg)
    for number, row in enumerate(rows, start=2):
        _check(row, f"{table}, line {number}")
        by_product.setdefault(row["object"], []).append(row)
    return by_product


def _check(row: dict[str, str], where: str) -> None:
    allowed = {("train", "normal"), ("test", "normal"), ("test", ANOMALY)}
    if (row["split"], row["label"]) not in allowed or not row["image"]:
        msg = (
            f"{where}: expected an image that is train,normal or test,normal or test,anomaly, "
            f"got {row['split']},{row['label']},{row['image']}"
        )
        raise InputError(msg)
    parts = PurePosixPath(row["image"]).parts
    if parts[0] != row["object"] or ".." in parts:
        msg = f"{where}: the image must lie in {row['object']}/, got {row['image']}"
        raise InputError(msg)
    if row["label"] == ANOMALY and row["mask"] and PurePosixPath(row["mask"]).stem != PurePosixPath(row["image"]).stem:
        msg = f"{where}: a mask must bear the name of its image, got {row['mask']} for {row['image']}"
        raise InputError(msg)


def _product(folder: Path, base: Path, rows: Sequence[Mapping[str, str]]) -> Category:
    images = {part: _images(base, rows, *part) for part in (("train", "normal"), ("test", "normal"), ("test", ANOMALY))}
    train, good, bad = images.values()
    if not train or not (good or bad):
        msg = f"{base / TABLE}: {folder.name} needs images to learn and to judge, got {len(train)}, {len(good + bad)}"
        raise InputError(msg)
    named = [base / row["mask"] for row in rows if row["label"] == ANOMALY and row["mask"]]
    _require(named, base)
    masks = pair_masks(bad, dict.fromkeys([*list_images(folder / "Data" / "Masks" / "Anomaly"), *named]), endings=("",))
    test = [LabelledImage(image, masks.get(image), ANOMALY) for image in bad]
    test += [LabelledImage(image, None, GOOD) for image in good]
    return Category(f"{VISA.name}/{folder.name}", tuple(train), tuple(test), root=folder, about=VISA.about)


def _images(base: Path, rows: Sequence[Mapping[str, str]], split: str, label: str) -> list[Path]:
    found = [base / row["image"] for row in rows if (row["split"], row["label"]) == (split, label)]
    _require(found, base)
    return sorted(dict.fromkeys(found), key=natural_key)


def _require(files: Sequence[Path], base: Path) -> None:
    missing = next((file for file in files if not file.is_file()), None)
    if missing is not None:
        msg = f"{missing}: there is no such file; {base / TABLE} names it"
        raise MissingError(msg)


LAYOUT = Layout("VisA", "<product>/Data/Images/Normal and split_csv/1cls.csv", looks_like, read)
