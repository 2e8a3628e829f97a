"""The ELPV solar cells, as the package ``elpv-dataset`` ships them.

2,624 grey electroluminescence photos of 300 x 300 pixels (Deitsch et al., 2019, CC BY-NC-SA 4.0), each with the
probability, judged by experts, that the cell is defective.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, cast

from tenshot.core.errors import InputError, MissingError

__all__ = ["CellKind", "SolarCell", "read_elpv"]

CellKind = Literal["mono", "poly"]


@dataclass(frozen=True, slots=True)
class SolarCell:
    """One photo of a solar cell.

    Attributes:
        path: the PNG file.
        probability: 0, 1/3, 2/3 or 1; larger = more likely defective. 0 is functional, 1 surely defective.
        kind: mono- or polycrystalline.
    """

    path: Path
    probability: float
    kind: CellKind


def read_elpv(folder: str | Path | None = None) -> tuple[SolarCell, ...]:
    """List the solar cells, in the order of their label file; nothing is decoded.

    Args:
        folder: a folder with ``labels.csv`` and ``images``; by default that of the installed package.

    Raises:
        MissingError: the package or its label file is not there.
        InputError: the label file cannot be understood.
    """
    root = Path(folder) if folder is not None else _package_folder()
    labels = root / "labels.csv"
    if not labels.is_file():
        msg = f"{labels}: there is no such file; it lists the solar cells"
        raise MissingError(msg)
    lines = enumerate(labels.read_text(encoding="utf-8").splitlines(), start=1)
    return tuple(_parse(line, root, f"{labels}, line {number}") for number, line in lines if line.strip())


def _package_folder() -> Path:
    spec = find_spec("elpv_dataset")  # located, not imported: importing it would load numpy and Pillow
    if spec is None or not spec.submodule_search_locations:
        msg = "the solar cells are not installed; get them by pip install 'tenshot[demo]'"
        raise MissingError(msg)
    return Path(spec.submodule_search_locations[0]) / "data"


def _parse(line: str, root: Path, where: str) -> SolarCell:
    """One row, separated by blanks in spite of the file's suffix."""
    try:
        name, text, kind = line.split()
        probability = float(text)
    except ValueError as error:
        msg = f"{where}: a row is path, probability and type, got {line!r}"
        raise InputError(msg) from error
    if kind not in ("mono", "poly") or not 0 <= probability <= 1:
        msg = f"{where}: type must be mono or poly and probability in [0, 1], got {kind} and {text}"
        raise InputError(msg)
    return SolarCell(root / name, probability, cast("CellKind", kind))
