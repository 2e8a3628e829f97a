"""One's own photos, sorted into good and bad, without masks and without a split.

```
my_part/
├── good/     or ok, normal, pass
└── bad/      or ng, nok, ko, defect, defective, anomaly, anomalous, abnormal, fail; folders inside are types of defect
```

Half of the good photos, drawn by a fixed seed, may be learned; the other half and all bad ones are judged. With a split
and masks of one's own the layout of MVTec AD is the one to use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenshot.core.errors import InputError
from tenshot.data.folders import GOOD, Category, LabelledImage, is_good_name
from tenshot.data.known.layout import Layout
from tenshot.data.pairing import list_folders, list_images
from tenshot.data.sources import find_images
from tenshot.data.splitting import halve

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["BAD_NAMES", "LAYOUT", "looks_like", "read"]

BAD_NAMES = (
    "bad",
    "ng",
    "nok",
    "ko",
    "defect",
    "defects",
    "defective",
    "anomaly",
    "anomalies",
    "anomalous",
    "abnormal",
    "fail",
)
"""What folders of defective photos may be called, in any letter case."""

SPLIT = "half of the good photos, drawn by a fixed seed, may be learned; the others and all bad ones are judged"


def looks_like(root: Path) -> bool:
    """Whether a folder holds one of good photos."""
    return any(is_good_name(folder.name) for folder in list_folders(root))


def read(root: Path) -> tuple[Category, ...]:
    """Reads a folder of sorted photos; nothing is decoded.

    Raises:
        InputError: several folders of good photos, fewer than two good ones, no bad one, or a folder of photos that is
            neither good nor bad.
    """
    folders = list_folders(root)
    good = [folder for folder in folders if is_good_name(folder.name)]
    bad = [folder for folder in folders if folder.name.casefold() in BAD_NAMES]
    if len(good) > 1:
        msg = f"{root}: one folder may hold the good photos, got {good[0].name} and {good[1].name}"
        raise InputError(msg)
    _refuse_others(root, [folder for folder in folders if folder not in (*good, *bad)])
    photos = find_images(good)
    test = [image for folder in bad for image in _defective(folder)]
    if len(photos) == 1 or not test:
        msg = f"{root}: at least two good photos and a bad one are needed, got {len(photos)} and {len(test)}"
        raise InputError(msg)
    train, judged = halve(photos)
    test += [LabelledImage(photo, None, GOOD) for photo in judged]
    return (Category(root.resolve().name, train, tuple(test), root=root),)


def _refuse_others(root: Path, others: list[Path]) -> None:
    stray = next((folder for folder in others if list_images(folder)), None)
    if stray is not None:
        msg = (
            f"{stray}: beside {root.name}/good, photos lie in a folder called {', '.join(BAD_NAMES[:5])} or the like; "
            "put types of defect inside it (bad/scratch), and use the layout of MVTec AD for masks"
        )
        raise InputError(msg)


def _defective(folder: Path) -> list[LabelledImage]:
    """Bad photos; those of a folder inside are a type of their own."""
    found = [LabelledImage(photo, None, folder.name) for photo in list_images(folder)]
    for inner in list_folders(folder):
        if is_good_name(inner.name):
            msg = f"{inner}: a folder of good photos lies inside one of bad ones; it must be one or the other"
            raise InputError(msg)
        found += [LabelledImage(photo, None, inner.name) for photo in find_images([inner])]
    return found


LAYOUT = Layout("own folder", "good (or ok, normal, pass) beside bad (or ng, defect, …)", looks_like, read, SPLIT)
