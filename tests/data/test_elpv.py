from __future__ import annotations

import importlib.machinery
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tenshot.core.errors import InputError, MissingError
from tenshot.data import elpv as module
from tenshot.data.elpv import read_elpv
from tenshot.data.images import read_image

if TYPE_CHECKING:
    from pathlib import Path


def test_all_cells_are_there(elpv: Path) -> None:
    cells = read_elpv()
    assert cells == read_elpv(elpv)
    assert len(cells) == len({cell.path for cell in cells}) == 2624
    assert all(cell.path.is_file() for cell in cells)
    assert Counter(round(3 * cell.probability) for cell in cells) == {0: 1508, 1: 295, 2: 106, 3: 715}
    assert Counter(cell.kind for cell in cells) == {"mono": 1074, "poly": 1550}
    assert read_image(cells[0].path).pixels.shape == (300, 300, 1)


@pytest.mark.usefixtures("elpv")
def test_package_is_located_and_not_imported() -> None:
    code = "import sys; from tenshot.data.elpv import read_elpv; read_elpv(); sys.exit('elpv_dataset' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("spec", [None, importlib.machinery.ModuleSpec("elpv_dataset", None)])
def test_without_the_package(monkeypatch: pytest.MonkeyPatch, spec: importlib.machinery.ModuleSpec | None) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: spec)
    with pytest.raises(MissingError, match=r"pip install 'tenshot\[demo\]'"):
        read_elpv()


def test_without_the_labels(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"labels\.csv: there is no such file"):
        read_elpv(tmp_path)


def test_rows_in_order(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("images/b.png  1.0   mono\n\nimages/a.png  0.3333333333333333 poly\n")
    cells = read_elpv(tmp_path)
    assert [(cell.path, cell.probability, cell.kind) for cell in cells] == [
        (tmp_path / "images/b.png", 1.0, "mono"),
        (tmp_path / "images/a.png", 0.3333333333333333, "poly"),
    ]


@pytest.mark.parametrize(
    "row", ["images/a.png 1.0", "images/a.png one mono", "a.png 1.0 thin", "a.png 1.5 mono", "a,1,mono"]
)
def test_row_that_is_none(tmp_path: Path, row: str) -> None:
    (tmp_path / "labels.csv").write_text(f"images/b.png 0.0 mono\n{row}\n")
    with pytest.raises(InputError, match=r"labels\.csv, line 2: "):
        read_elpv(tmp_path)
