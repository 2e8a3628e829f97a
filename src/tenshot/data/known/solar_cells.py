"""Solar cells (ELPV), from the package ``elpv-dataset`` or a copy of its folder with ``labels.csv`` and ``images``.

Quirks: experts gave each cell a probability of being defective; cells that they were unsure about are left out. There
are no masks. There is no split: 200 functional (probability 0) and 200 defective (probability 1) cells, fixed by a
seed, are judged; all other functional ones may be learned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenshot.core.errors import InputError
from tenshot.data.elpv import read_elpv
from tenshot.data.folders import GOOD, Category, LabelledImage
from tenshot.data.known.layout import KnownSet, Layout
from tenshot.data.splitting import SPLIT_SEED, draw

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LAYOUT", "SOLAR_CELLS", "looks_like", "read", "read_package"]

SOLAR_CELLS = KnownSet(
    "solar_cells",
    "ELPV (Deitsch et al., 2019), CC BY-NC-SA 4.0: no masks; the split is tenshot's own, without unsure cells.",
    ("elpv", "elpv-dataset"),
)

JUDGED = 200  # of each label
SPLIT = f"{JUDGED} functional and {JUDGED} defective cells, drawn by a fixed seed, are judged"


def looks_like(root: Path) -> bool:
    """Whether a folder holds ``labels.csv`` and ``images``."""
    return (root / "labels.csv").is_file() and (root / "images").is_dir()


def read(root: Path) -> tuple[Category, ...]:
    """Reads a copy of the package's folder.

    Raises:
        InputError: the label file cannot be understood, or there are not as many functional cells as are judged.
    """
    return (_split(root),)


def read_package() -> tuple[Category, ...]:
    """Reads the cells of the installed package.

    Raises:
        MissingError: it is not installed.
    """
    return (_split(None),)


def _split(folder: Path | None) -> Category:
    cells = read_elpv(folder)
    functional = [cell.path for cell in cells if cell.probability == 0]
    defective = [cell.path for cell in cells if cell.probability == 1]
    judged = draw(functional, JUDGED, SPLIT_SEED)
    test = [LabelledImage(path, None, GOOD) for path in judged]
    test += [LabelledImage(path, None, "defective") for path in draw(defective, JUDGED, SPLIT_SEED)]
    taken = frozenset(judged)
    train = tuple(path for path in functional if path not in taken)
    if not train:
        msg = f"solar cells: more than {JUDGED} functional ones are needed, got {len(functional)}"
        raise InputError(msg)
    root = train[0].parents[1]
    return Category(SOLAR_CELLS.name, train, tuple(test), root=root, about=SOLAR_CELLS.about)


LAYOUT = Layout("solar cells", "labels.csv and images", looks_like, read, SPLIT)
