from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tenshot.core.errors import InputError, OutputError
from tenshot.evaluation.benchmark.log import CellLog

if TYPE_CHECKING:
    from pathlib import Path


def test_records_are_there_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "new" / "cells.jsonl"
    log = CellLog(file)
    log.add({"a": {"score": 1.5, "name": "Größe\u2028\x85\udcff"}})
    log.add({"b": {"score": None}, "c": {}})
    assert (
        CellLog(file).records
        == {"a": {"score": 1.5, "name": "Größe\u2028\x85\udcff"}, "b": {"score": None}, "c": {}}
        == log.records
    )


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_a_kill_while_writing_costs_only_the_line_it_cut(tmp_path: Path, kept: int) -> None:
    file = tmp_path / "cells.jsonl"
    log = CellLog(file)
    for name in "abc":
        log.add({name: {"of": name}})
    whole = file.read_bytes()
    lines = whole.splitlines(keepends=True)
    start = sum(map(len, lines[:kept]))
    for cut in range(start, start + len(lines[kept])):
        file.write_bytes(whole[:cut])
        again = CellLog(file)
        assert list(again.records) == list("abc")[:kept]
        again.add({"new": {}})
        assert list(CellLog(file).records) == [*list("abc")[:kept], "new"]


def test_another_measurement_of_the_same_replaces_the_first(tmp_path: Path) -> None:
    file = tmp_path / "cells.jsonl"
    CellLog(file).add({"a": {"score": 1}})
    CellLog(file).add({"a": {"score": 2}})
    assert CellLog(file).records == {"a": {"score": 2}}


@pytest.mark.parametrize(
    "content", [b"hello\n", b"[]\n", b'{"id": "a"}\n', b'{"id": "a", "record": 1}\n', b"\xff\xfe\n"]
)
def test_another_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "cells.jsonl"
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"cells\.jsonl.*expected"):
        CellLog(file)
    assert file.read_bytes() == content


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"file.*cannot keep"):
        CellLog(tmp_path / "file" / "cells.jsonl")
    log = CellLog(tmp_path / "cells.jsonl")
    (tmp_path / "cells.jsonl").mkdir()
    with pytest.raises(OutputError, match="cannot keep"):
        log.add({"a": {}})
    assert log.records == {}
