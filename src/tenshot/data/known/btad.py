"""BTAD, three products of beanTech: the layout of MVTec AD with ``ok`` and ``ko`` for folders.

```
BTech_Dataset_transformed/
└── 01/
    ├── train/ok, test/ok, test/ko          .bmp in 01 and 03, .png in 02
    └── ground_truth/ko/<stem>.png or .bmp  the image's stem with nothing added
```

Quirks: images and masks are BMP in one product and PNG in another, also mixed, so that only stems are compared; ``03``
has many more good than defective images.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tenshot.data.folders import read_category
from tenshot.data.known.layout import KnownSet, Layout
from tenshot.data.pairing import list_folders

if TYPE_CHECKING:
    from pathlib import Path

    from tenshot.data.folders import Category

__all__ = ["BTAD", "LAYOUT", "looks_like", "read"]

BTAD = KnownSet(
    "btad",
    "BTAD (Mishra et al., 2021), CC BY-NC-SA 4.0 according to anomalib, its authors name none: "
    "three products of beanTech, its own split.",
    ("btech", "btech_dataset_transformed", "btad_dataset"),
)

PRODUCTS = ("01", "02", "03")


def looks_like(root: Path) -> bool:
    """Whether a folder holds ``01``, ``02`` or ``03`` with ``train/ok`` and ``test/ko``, or is one of them."""
    return _is_product(root) or any(map(_is_product, list_folders(root)))


def read(root: Path) -> tuple[Category, ...]:
    """Reads the products that are there.

    Raises:
        InputError: masks and images do not fit together.
    """
    folders = [root] if _is_product(root) else [each for each in list_folders(root) if _is_product(each)]
    found = [read_category(folder, masks="optional") for folder in folders]
    return tuple(replace(each, name=f"{BTAD.name}/{each.name}", about=BTAD.about) for each in found)


def _is_product(folder: Path) -> bool:
    is_one = folder.resolve().name in PRODUCTS
    return is_one and (folder / "train" / "ok").is_dir() and (folder / "test" / "ko").is_dir()


LAYOUT = Layout("BTAD", "01, 02 and 03 with train/ok, test/ok, test/ko and ground_truth/ko", looks_like, read)
