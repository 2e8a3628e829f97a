from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from tenshot.core.errors import InputError
from tenshot.data.known import solar_cells

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.usefixtures("elpv")
def test_the_split_is_fixed_for_good() -> None:
    [cells] = solar_cells.read_package()
    assert [sum(item.is_anomalous is bad for item in cells.test) for bad in (False, True)] == [200, 200]
    assert len(cells.train_good) == 1308
    names = [*map(cells.label, cells.train_good), *(cells.label(item.source) for item in cells.test)]
    assert len(set(names)) == 1708
    # Published figures rest on this very split.
    assert (
        hashlib.sha256("\n".join(names).encode()).hexdigest()
        == "07d519f65f648dc69f65a0417939f4e2767c4174d89bf7af03a608125d92bc8f"
    )
    assert cells.lacks == "No pixel metrics: no anomalous image has a mask."


def test_a_copy_of_the_folder_is_the_same(elpv: Path) -> None:
    assert solar_cells.looks_like(elpv)
    assert solar_cells.read(elpv) == solar_cells.read_package()


def test_too_few_cells(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "labels.csv").write_text("".join(f"images/{index}.png 0.0 mono\n" for index in range(200)))
    assert solar_cells.looks_like(tmp_path)
    with pytest.raises(InputError, match="more than 200 functional ones are needed, got 200"):
        solar_cells.read(tmp_path)
