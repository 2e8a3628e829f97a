"""Magnetic tiles as their authors give them. A copy in the layout of MVTec AD is read as any such folder.

```
Magnetic-tile-defect-datasets/
├── MT_Free/Imgs/exp1_num_4727.jpg, exp1_num_4727.png …    normal; masks are black
└── MT_Crack/Imgs/… (and MT_Blowhole, MT_Break, MT_Fray, MT_Uneven)
```

Quirks: photo and mask lie side by side and differ by their suffix alone. Sizes and shapes differ from photo to photo.
There is no split: ours learns half of the good photos, drawn by a fixed seed, and judges the others and all defective
ones. Several photos may show one tile, and nothing says which, so that a good tile can be learned and judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenshot.core.errors import InputError
from tenshot.data.folders import GOOD, Category, LabelledImage
from tenshot.data.known.layout import KnownSet, Layout
from tenshot.data.pairing import list_images, pair_masks
from tenshot.data.splitting import halve

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LAYOUT", "MAGNETIC_TILE", "TYPES", "looks_like", "read"]

MAGNETIC_TILE = KnownSet(
    "magnetic_tile",
    "Magnetic tiles (Huang et al., 2018), for research: no split of its own; figures compare on the same split only.",
    ("magnetic-tile-defect-datasets", "magnetic-tile-defect-datasets.", "magnetic_tile_defect", "mtd"),
)

TYPES = ("blowhole", "break", "crack", "fray", "uneven")
FREE = "MT_Free"
SPLIT = "half of the good tiles, drawn by a fixed seed, may be learned; the others and all defective ones are judged"


def looks_like(root: Path) -> bool:
    """Whether a folder holds ``MT_Free/Imgs``."""
    return (root / FREE / "Imgs").is_dir()


def read(root: Path) -> tuple[Category, ...]:
    """Reads the set; nothing is decoded.

    Raises:
        InputError: a mask without a photo, two masks of one, or fewer than two good tiles.
    """
    free, good_masks = _photos(root / FREE / "Imgs")
    train, good = halve(free)
    if not train:
        msg = f"{root / FREE / 'Imgs'}: at least two good tiles are needed, got {len(free)}"
        raise InputError(msg)
    test: list[LabelledImage] = []
    for kind in TYPES:
        photos, masks = _photos(root / f"MT_{kind.capitalize()}" / "Imgs")
        test += [LabelledImage(photo, masks.get(photo), kind) for photo in photos]
    test += [LabelledImage(photo, None, GOOD) for photo in good]
    name, about = MAGNETIC_TILE.name, MAGNETIC_TILE.about
    return (Category(name, train, tuple(test), root=root, about=about, good_masks=tuple(good_masks.values())),)


def _photos(folder: Path) -> tuple[list[Path], dict[Path, Path]]:
    """Photos of a kind, and the mask of each."""
    files = list_images(folder)
    masks = [file for file in files if file.suffix.lower() == ".png"]
    photos = [file for file in files if file.suffix.lower() != ".png"]
    return photos, pair_masks(photos, masks, endings=("",))


LAYOUT = Layout("magnetic tiles", "MT_Free/Imgs, MT_Crack/Imgs, …", looks_like, read, SPLIT)
