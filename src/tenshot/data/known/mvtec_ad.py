"""MVTec AD: one folder a product. Also the layout of many other sets, each told by its products and their defects.

Quirks: ``toothbrush`` has one type of defect, ``defective``. Masks are PNG, 0 or 255, called ``<stem>_mask.png``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tenshot.data.folders import is_good_name, read_category
from tenshot.data.known import magnetic_tile, mpdd, visa
from tenshot.data.known.layout import KnownSet, Layout
from tenshot.data.pairing import list_folders

if TYPE_CHECKING:
    from pathlib import Path

    from tenshot.data.folders import Category

__all__ = ["COUNTS", "LAYOUT", "MVTEC_AD", "PRODUCTS", "looks_like", "read"]

MVTEC_AD = KnownSet(
    "mvtec_ad",
    "MVTec AD (Bergmann et al., 2019), CC BY-NC-SA 4.0: fifteen products and textures, split by its authors.",
    ("mvtec", "mvtecad", "mvtec-ad", "mvtec_anomaly_detection"),
)

PRODUCTS = {
    "bottle": "broken_large broken_small contamination",
    "cable": "bent_wire cable_swap combined cut_inner_insulation cut_outer_insulation missing_cable missing_wire "
    "poke_insulation",
    "capsule": "crack faulty_imprint poke scratch squeeze",
    "carpet": "color cut hole metal_contamination thread",
    "grid": "bent broken glue metal_contamination thread",
    "hazelnut": "crack cut hole print",
    "leather": "color cut fold glue poke",
    "metal_nut": "bent color flip scratch",
    "pill": "color combined contamination crack faulty_imprint pill_type scratch",
    "screw": "manipulated_front scratch_head scratch_neck thread_side thread_top",
    "tile": "crack glue_strip gray_stroke oil rough",
    "toothbrush": "defective",
    "transistor": "bent_lead cut_lead damaged_case misplaced",
    "wood": "color combined hole liquid scratch",
    "zipper": "broken_teeth combined fabric_border fabric_interior rough split_teeth squeezed_teeth",
}
"""The types of defect of every product, by which a folder is told from one that merely has its name."""


COUNTS = {
    "bottle": (209, 20, 63),
    "cable": (224, 58, 92),
    "capsule": (219, 23, 109),
    "carpet": (280, 28, 89),
    "grid": (264, 21, 57),
    "hazelnut": (391, 40, 70),
    "leather": (245, 32, 92),
    "metal_nut": (220, 22, 93),
    "pill": (267, 26, 141),
    "screw": (320, 41, 119),
    "tile": (230, 33, 84),
    "toothbrush": (60, 12, 30),
    "transistor": (213, 60, 40),
    "wood": (247, 19, 60),
    "zipper": (240, 32, 119),
}
"""Images to learn, good and defective images to judge of the official split; a copy may have others."""


def looks_like(root: Path) -> bool:
    """Whether a folder is a product in this layout, or holds some."""
    return _is_product(root) or any(map(_is_product, list_folders(root)))


def read(root: Path) -> tuple[Category, ...]:
    """Reads one product, or every one that a folder holds; masks may be missing, which the category then says.

    A product of a known set is called ``<set>/<product>``; any other by its folder, after that of its parent where the
    parent was given.

    Raises:
        MissingError: a product lacks its ``train/good`` or its ``test``.
        InputError: masks and images do not fit together.
    """
    if _is_product(root):
        return (_named(read_category(root, masks="optional")),)
    return tuple(
        _named(read_category(folder, masks="optional"), parent=root.resolve().name)
        for folder in list_folders(root)
        if _was_meant(folder)
    )


def _is_product(folder: Path) -> bool:
    train = folder / "train"
    return (folder / "test").is_dir() and any(is_good_name(each.name) for each in list_folders(train))


def _was_meant(folder: Path) -> bool:
    """Whether a folder is a product or the remains of one, which must be told and not passed over."""
    parts = ("train/good", "test"), ("test", "ground_truth"), ("train/good", "ground_truth")
    return _is_product(folder) or any(all((folder / part).is_dir() for part in each) for each in parts)


def _named(category: Category, parent: str = "") -> Category:
    defects = frozenset(image.defect for image in category.test if image.is_anomalous)
    known, name = _origin(category.name, defects)
    if known is not None:
        return replace(category, name=name, about=f"{known.about}{_deviation(category, known)}")
    return replace(category, name=f"{parent}/{category.name}") if parent else category


def _deviation(category: Category, known: KnownSet) -> str:
    """What to add where a copy of MVTec AD has not the official numbers of images."""
    bad = sum(image.is_anomalous for image in category.test)
    got = (len(category.train_good), len(category.test) - bad, bad)
    official = COUNTS.get(category.name, got) if known is MVTEC_AD else got
    if got == official:
        return ""
    numbers = [f"{train} to learn, {good} + {defective} to judge" for train, good, defective in (got, official)]
    return f" This copy is split otherwise ({numbers[0]}; theirs: {numbers[1]}): no published figure compares."


def _origin(name: str, defects: frozenset[str]) -> tuple[KnownSet | None, str]:
    """The set that a product comes from, if it is a known one, and what it is called there."""
    for known, products in ((MVTEC_AD, PRODUCTS), (mpdd.MPDD, mpdd.PRODUCTS), (visa.VISA, visa.PRODUCTS)):
        if defects and defects <= frozenset(products.get(name, "").split()):
            return known, f"{known.name}/{name}"
    if defects and defects <= frozenset(magnetic_tile.TYPES) and magnetic_tile.MAGNETIC_TILE.is_called(name):
        return magnetic_tile.MAGNETIC_TILE, magnetic_tile.MAGNETIC_TILE.name
    return None, name


LAYOUT = Layout(
    "MVTec AD",
    "train/good, test/good, test/<type of defect> and, for pixel metrics, ground_truth/<type of defect>",
    looks_like,
    read,
)
