"""What a folder of labelled images holds, and what is wrong with it, before anything is measured on it."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenshot.core.errors import InputError, MissingError
from tenshot.data.catalogue import look_up
from tenshot.data.sources import find_images
from tenshot.data.surveying import survey

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tenshot.data.folders import Category
    from tenshot.data.surveying import Survey

    Progress = Callable[[int, int], None]

__all__ = ["IMAGE_METRICS", "PIXEL_METRICS", "CategoryReport", "Report", "check"]

IMAGE_METRICS = ("image AUROC", "image AP", "image F1-max")
PIXEL_METRICS = ("pixel AUROC", "pixel AP", "AUPRO", "mIoU")

SHOTS = 10  # of a usual benchmark
COARSE = 20  # fewer normal images to judge make steps of more than five per cent
NAMED = 3  # files named of those with the same fault


@dataclass(frozen=True, slots=True)
class CategoryReport:
    """What is known of one product.

    Attributes:
        name: of the product.
        about: origin, licence and quirks; empty for a folder of one's own.
        train_good: normal images to learn.
        test: images to judge by type of defect, ``good`` among them.
        formats: images by size, colour and depth, the most frequent first.
        masks: how many anomalous images have a mask (``paired``), have none (``missing``), and have one that is black
            (``empty``, among the paired).
        metrics: what can be measured.
        lacks: what cannot, and why; empty if nothing.
        problems: what would be refused or would corrupt a figure, in a sentence each.
        remarks: what one should know of figures measured on it.
    """

    name: str
    about: str
    train_good: int
    test: dict[str, int]
    formats: dict[str, int]
    masks: dict[str, int]
    metrics: tuple[str, ...]
    lacks: str
    problems: tuple[str, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of a folder or a named set.

    Attributes:
        path: as it was given.
        layout: the layout that was recognised; ``None`` if it could not be listed.
        split: how tenshot splits it, where it comes without a split; else empty.
        categories: its products.
        problems: why it could not be listed; those of a product are in its own report.
    """

    path: str
    layout: str | None
    split: str
    categories: tuple[CategoryReport, ...]
    problems: tuple[str, ...]

    @property
    def has_problems(self) -> bool:
        """Whether there is a problem anywhere."""
        return bool(self.problems) or any(each.problems for each in self.categories)

    def as_dict(self) -> dict[str, Any]:
        """Everything, as plain types."""
        return asdict(self)


def check(path: str | Path, *, data: Path | None = None, progress: Progress | None = None) -> Report:
    """Lists a set and decodes every image and mask of it, one at a time.

    Args:
        path: a folder, or the name of a known set.
        data: where known sets are looked up by name.
        progress: called with (done, total) of one product after another.

    Raises:
        MissingError: there is no such folder or set.
    """
    try:
        found = look_up(str(path), data=data)
    except (InputError, MissingError) as error:
        if isinstance(error, MissingError) and not Path(path).is_dir():
            raise
        return Report(str(path), None, "", (), (str(error),))
    reports = [_report(category, survey(category, progress or _silent)) for category in found.categories]
    return Report(str(path), found.layout.title, found.layout.split, tuple(reports), ())


def _silent(done: int, total: int) -> None:
    """Reports to nobody."""


def _report(category: Category, found: Survey) -> CategoryReport:
    anomalous = [image for image in category.test if image.is_anomalous]
    paired = sum(image.mask_path is not None for image in anomalous)
    whole = 0 < len(anomalous) < len(category.test)
    return CategoryReport(
        name=category.name,
        about=category.about,
        train_good=len(category.train_good),
        test=dict(Counter(image.defect for image in category.test)),
        formats=dict(found.formats.most_common()),
        masks={"paired": paired, "missing": len(anomalous) - paired, "empty": len(found.empty)},
        metrics=(IMAGE_METRICS if whole else ()) + (PIXEL_METRICS if category.has_all_masks else ()),
        lacks=category.lacks,
        problems=tuple(_problems(found)),
        remarks=tuple(_remarks(category, found)),
    )


def _problems(found: Survey) -> list[str]:
    faults = {
        "cannot be read": found.unreadable,
        "one flat colour, from which nothing can be learned": found.flat_train,
        "the mask has not the shape of its image": found.misfits,
        "anomalous, and the mask is black": found.empty,
        "the mask of a normal image is not black": found.marked,
        "the same picture is learned and judged": found.leaked,
        "the same picture is normal and anomalous": found.contradicted,
    }
    return [f"{what}: {_some(names)}" for what, names in faults.items() if names]


def _remarks(category: Category, found: Survey) -> list[str]:
    learned, good = len(category.train_good), sum(not image.is_anomalous for image in category.test)
    unused = _unused(category)
    remarks = {
        f"{learned} normal images to learn: ten shots cannot be drawn": learned < SHOTS,
        f"{learned} normal images to learn: draws of ten shots share most of them": SHOTS <= learned < 2 * SHOTS,
        f"{good} normal {_images(good)} to judge: a rate of false alarms moves in steps of {_step(good)}": 0
        < good
        < COARSE,
        f"the same picture twice: {_some(found.repeated)}": bool(found.repeated),
        f"one flat colour: {_some(found.flat_test)}": bool(found.flat_test),
        f"not part of the set: {_some(unused)}": bool(unused),
        f"images of {len(found.formats)} sizes or kinds": len(found.formats) > 1,
    }
    return [remark for remark, holds in remarks.items() if holds]


def _images(count: int) -> str:
    return "image" if count == 1 else "images"


def _step(good: int) -> str:
    return f"{1 / max(good, 1):.0%}"


def _unused(category: Category) -> list[str]:
    """Image files below the root that the reading passed over."""
    masks = [image.mask_path for image in category.test if image.mask_path is not None]
    sources = [*category.train_good, *(image.source for image in category.test)]
    used = {os.path.realpath(file) for file in [*masks, *category.good_masks, *sources] if isinstance(file, Path)}
    if category.root is None or not used:
        return []
    return [category.label(file) for file in find_images([category.root]) if os.path.realpath(file) not in used]


def _some(names: Sequence[str]) -> str:
    shown = "; ".join(names[:NAMED])
    return f"{shown}; and {len(names) - NAMED} more" if len(names) > NAMED else shown
