from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tenshot.core.errors import InputError, OutputError
from tenshot.evaluation.ledger import Ledger

if TYPE_CHECKING:
    from pathlib import Path


def _open(file: Path, **settings: object) -> Ledger:
    return Ledger(file, title="accuracy", settings={"shots": 10, **settings})


def test_every_cell_is_on_disk_at_once(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "cells.json"
    ledger = _open(file, rates=(0.1, 0.2))
    for seed in range(3):
        ledger.add({"set": "pill", "seed": seed, "figure": 0.5})
        assert [cell["seed"] for cell in json.loads(file.read_text())["cells"]] == list(range(seed + 1))
    content = json.loads(file.read_text())
    assert set(content) == {"title", "commit", "machine", "versions", "settings", "cells"}
    assert list(tmp_path.rglob("*")) == [file.parent, file]


def test_the_next_run_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    file = tmp_path / "cells.json"
    _open(file, rates=(0.1, 0.2)).add({"set": "pill", "seed": 0})
    again = _open(file, rates=(0.1, 0.2))
    assert again.has(set="pill", seed=0)
    assert not again.has(set="pill", seed=1)
    again.add({"set": "pill", "seed": 1})
    assert len(json.loads(file.read_text())["cells"]) == 2


def test_cells_of_other_settings_are_never_mixed_in(tmp_path: Path) -> None:
    file = tmp_path / "cells.json"
    _open(file, code="a").add({"set": "pill"})
    changed = _open(file, code="b")
    assert (changed.cells, changed.dropped) == ([], 1)
    assert Ledger(file, title="accuracy", settings={"shots": 10, "code": "a"}, resume=False).cells == []
    assert len(_open(file, code="a").cells) == 1


@pytest.mark.parametrize("content", ["", "[]", '{"title": "speed", "settings": {}, "cells": []}', '{"title": "accu'])
def test_a_foreign_or_broken_file_is_not_overwritten(tmp_path: Path, content: str) -> None:
    file = tmp_path / "cells.json"
    file.write_text(content)
    with pytest.raises(InputError, match="expected results of 'accuracy' to resume"):
        _open(file)
    assert file.read_text() == content


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ledger = _open(tmp_path / "cells.json")
    ledger.file = tmp_path / "file" / "cells.json"
    with pytest.raises(OutputError, match="cannot write the results"):
        ledger.add({})
