"""Labelled images for evaluation, and the layout of MVTec AD, in which most of them come.

```
bottle/
├── train/good/000.png …
├── test/good/000.png …            normal
├── test/broken_large/000.png …    anomalous, of this type
└── ground_truth/broken_large/000_mask.png …
```

A folder may be called another word for good (:data:`GOOD_NAMES`), as BTAD does.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from tenshot.core.errors import InputError, MissingError
from tenshot.core.types import Image
from tenshot.data.images import read_image
from tenshot.data.pairing import list_folders, list_images, name_some, pair_masks

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "GOOD",
    "GOOD_NAMES",
    "Category",
    "LabelledImage",
    "MaskRule",
    "Source",
    "is_good_name",
    "read_category",
    "read_mask",
]

MaskRule = Literal["required", "optional"]

Source: TypeAlias = Path | Image
"""Where an image is: a file, or decoded already, as those of archives that hold thousands in one file."""

GOOD = "good"
GOOD_NAMES = (GOOD, "ok", "normal", "pass")
"""What folders of normal images may be called, in any letter case."""


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """One image to judge, and the truth about it.

    Attributes:
        source: the image.
        mask_path: its mask, nonzero where anomalous; ``None`` for a normal image, or where the set has none.
        defect: the type of defect, which is the name of the folder; ``good`` for a normal image.
    """

    source: Source
    mask_path: Path | None
    defect: str

    @property
    def is_anomalous(self) -> bool:
        """Whether the image shows a defect."""
        return self.defect != GOOD


@dataclass(frozen=True, slots=True)
class Category:
    """One product: normal images to adapt with, labelled images to judge.

    Attributes:
        name: of the product, or of the set and the product, ``mvtec_ad/pill``.
        train_good: normal images, in natural order.
        test: labelled images, by type of defect, then in natural order.
        root: the folder that all files lie in; ``None`` if there are no files.
        about: origin, licence and quirks in a sentence or two; empty for a folder of one's own.
        good_masks: masks that the set gives for normal images; no pixel of them may be anomalous.
    """

    name: str
    train_good: tuple[Source, ...]
    test: tuple[LabelledImage, ...]
    root: Path | None = None
    about: str = ""
    good_masks: tuple[Path, ...] = ()

    @property
    def has_all_masks(self) -> bool:
        """Whether every anomalous image has its mask and there is one, so that pixel metrics mean something."""
        return self._anomalous > 0 and self._masked == self._anomalous

    @property
    def lacks(self) -> str:
        """Which metrics cannot be computed, and why; empty if none."""
        if self._anomalous == 0:
            return "No ranking and no pixel metrics: no anomalous image is there to judge."
        whole = "" if self._anomalous < len(self.test) else "No image-level metrics: no normal image is there to judge."
        masks = "" if self.has_all_masks else f"No pixel metrics: {self._mask_count}."
        return f"{whole} {masks}".strip()

    def label(self, source: Source) -> str:
        """The name of an image, unique within the category: its path from ``root``; an image in memory has its own."""
        if isinstance(source, Image):
            return source.name
        return (source if self.root is None else source.relative_to(self.root)).as_posix()

    @property
    def _anomalous(self) -> int:
        return sum(image.is_anomalous for image in self.test)

    @property
    def _masked(self) -> int:
        return sum(image.is_anomalous and image.mask_path is not None for image in self.test)

    @property
    def _mask_count(self) -> str:
        if self._masked == 0:
            return "no anomalous image has a mask"
        return f"{self._masked} of {self._anomalous} anomalous images have a mask"


def is_good_name(name: str) -> bool:
    """Whether a folder of this name holds normal images."""
    return name.casefold() in GOOD_NAMES


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
        InputError: no normal or no test images, a mask without an image, two masks for one image, or an anomalous image
            without a mask.
    """
    root = Path(path)
    train = list_images(_good_folder(root / "train"))
    types = list_folders(_require_folder(root / "test"))
    truth = root / "ground_truth"
    test: list[LabelledImage] = []
    good_masks: list[Path] = []
    for folder in types:
        images, given = list_images(folder), list_images(truth / folder.name)
        if is_good_name(folder.name):
            test += [LabelledImage(image, None, GOOD) for image in images]
            good_masks += pair_masks(_distinct([*train, *images]), given).values()
        else:
            paired = pair_masks(images, given)
            test += [LabelledImage(image, paired.get(image), folder.name) for image in images]
    _refuse_stray(truth, {folder.name for folder in types})
    if not train or not test:
        msg = f"{root}: train/good and test must hold images, got {len(train)} and {len(test)}"
        raise InputError(msg)
    if masks == "required":
        _require_masks(root, test)
    return Category(root.resolve().name, tuple(train), tuple(test), root=root, good_masks=tuple(good_masks))


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


def _good_folder(train: Path) -> Path:
    """The folder of normal images to learn from, whichever word it is called."""
    good = [folder for folder in list_folders(train) if is_good_name(folder.name)]
    if len(good) > 1:
        msg = f"{train}: one folder may hold the normal images, got {good[0].name} and {good[1].name}"
        raise InputError(msg)
    return good[0] if good else _require_folder(train / GOOD)


def _require_folder(folder: Path) -> Path:
    if not folder.is_dir():
        msg = f"{folder}: there is no such folder; a category holds train/good and test"
        raise MissingError(msg)
    return folder


def _distinct(images: list[Path]) -> list[Path]:
    """One image of each stem: the masks of normal images may be of those to learn and of those to judge."""
    return list({image.stem: image for image in images}.values())


def _refuse_stray(truth: Path, types: set[str]) -> None:
    """Refuse masks of types that are not judged, and masks of no type at all."""
    folders = [folder for folder in list_folders(truth) if folder.name not in types and not is_good_name(folder.name)]
    stray = [*list_images(truth), *(mask for folder in folders for mask in list_images(folder))]
    if stray:
        msg = f"{name_some(stray)}: masks lie in ground_truth/<type>, and test/<type> must hold their images"
        raise InputError(msg)


def _require_masks(root: Path, test: list[LabelledImage]) -> None:
    bare = [
        image.source
        for image in test
        if image.is_anomalous and image.mask_path is None and isinstance(image.source, Path)
    ]
    if bare:
        msg = (
            f"{name_some(bare)}: no mask <name>_mask.png or <name>.png in {root / 'ground_truth'}; "
            "read with masks='optional' to judge whole images only"
        )
        raise InputError(msg)
