"""Labelled folders for evaluation, in the layout of MVTec AD.

```
bottle/
├── train/good/000.png …
├── test/good/000.png …            normal
├── test/broken_large/000.png …    anomalous, of this type
└── ground_truth/broken_large/000_mask.png …
```
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from tenshot.core.errors import InputError, MissingError
from tenshot.data.images import read_image
from tenshot.data.sources import IMAGE_SUFFIXES, natural_key

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Category", "LabelledImage", "MaskRule", "read_category", "read_mask"]

MaskRule = Literal["required", "optional"]

_GOOD = "good"


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """One image to judge, and the truth about it.

    Attributes:
        path: the image.
        mask_path: its mask, nonzero where anomalous; ``None`` for a normal image, or where the set has none.
        defect: the type of defect, which is the name of the folder; ``good`` for a normal image.
    """

    path: Path
    mask_path: Path | None
    defect: str

    @property
    def is_anomalous(self) -> bool:
        """Whether the image shows a defect."""
        return self.defect != _GOOD


@dataclass(frozen=True, slots=True)
class Category:
    """One product: normal images to adapt with, labelled images to judge.

    Attributes:
        name: the name of the folder.
        train_good: normal images, in natural order.
        test: labelled images, by type of defect, then in natural order.
    """

    name: str
    train_good: tuple[Path, ...]
    test: tuple[LabelledImage, ...]

    @property
    def has_all_masks(self) -> bool:
        """Whether every anomalous image has its mask, so that pixel metrics mean something."""
        return all(image.mask_path is not None for image in self.test if image.is_anomalous)


def read_category(path: str | Path, *, masks: MaskRule = "required") -> Category:
    """Read a folder in MVTec AD's layout; nothing is decoded.

    A mask belongs to the image of its type and name: ``ground_truth/<type>/<stem>_mask.png`` or ``<stem>.png``. Order
    never decides.

    Args:
        path: the folder of one category.
        masks: ``optional`` allows anomalous images without a mask (for image-level evaluation). A mask without an image
            is refused either way, since it tells of a wrong name.

    Raises:
        MissingError: the folder, its ``train/good`` or its ``test`` is not there.
        InputError: no normal or no test images, a mask without an image, or an anomalous image without a mask.
    """
    root = Path(path)
    train = _images(_require_folder(root / "train" / _GOOD))
    types = sorted((p for p in _require_folder(root / "test").iterdir() if p.is_dir()), key=natural_key)
    test = [image for folder in types for image in _labelled(folder, root / "ground_truth" / folder.name)]
    if not train or not test:
        msg = f"{root}: train/good and test must hold images, got {len(train)} and {len(test)}"
        raise InputError(msg)
    if masks == "required":
        _require_masks(root, test)
    return Category(name=root.resolve().name, train_good=tuple(train), test=tuple(test))


def read_mask(path: str | Path, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Read a mask: true wherever a pixel is not black.

    Args:
        path: an image file of any depth.
        size: (height, width) to give; the nearest pixel is taken, so that no half-anomalous pixels arise.

    Returns:
        ``(height, width)`` bool; true = anomalous.

    Raises:
        MissingError: there is no such file.
        ImageError: it is not an image that can be read.
    """
    mask: NDArray[np.bool_] = np.any(read_image(path).pixels, axis=2)
    rows, columns = (_nearest(have, want) for have, want in zip(mask.shape, size, strict=True))
    return mask[np.ix_(rows, columns)]


def _nearest(have: int, want: int) -> NDArray[np.intp]:
    """For each of ``want`` positions, the one of ``have`` that its centre falls in."""
    return ((2 * np.arange(want) + 1) * have // (2 * want)).astype(np.intp)


def _require_folder(folder: Path) -> Path:
    if not folder.is_dir():
        msg = f"{folder}: there is no such folder; a category holds train/good and test"
        raise MissingError(msg)
    return folder


def _images(folder: Path) -> list[Path]:
    entries = folder.iterdir() if folder.is_dir() else ()
    visible = (p for p in entries if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith("."))
    return sorted(visible, key=natural_key)


def _labelled(folder: Path, truth: Path) -> list[LabelledImage]:
    """Images of one type, each with the mask of its name."""
    images = _images(folder)
    if folder.name == _GOOD:
        return [LabelledImage(image, None, _GOOD) for image in images]
    unmatched = {p.stem: p for p in _images(truth)}
    paired = []
    for image in images:
        name = next((n for n in (f"{image.stem}_mask", image.stem) if n in unmatched), None)
        paired.append(LabelledImage(image, unmatched.pop(name) if name else None, folder.name))
    if unmatched:
        msg = f"{_some(list(unmatched.values()))}: a mask must bear the name of an image in {folder}"
        raise InputError(msg)
    return paired


def _require_masks(root: Path, test: list[LabelledImage]) -> None:
    bare = [image.path for image in test if image.is_anomalous and image.mask_path is None]
    if bare:
        msg = (
            f"{_some(bare)}: no mask <name>_mask.png or <name>.png in {root / 'ground_truth'}; "
            "read with masks='optional' to judge whole images only"
        )
        raise InputError(msg)


def _some(paths: list[Path]) -> str:
    return f"{paths[0]} and {len(paths) - 1} more" if len(paths) > 1 else str(paths[0])
