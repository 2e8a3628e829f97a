from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from tenshot.core.errors import OutputError
from tenshot.training.log import CsvLog, Row, TensorBoardLog, read_rows

if TYPE_CHECKING:
    from pathlib import Path

ROWS: list[Row] = [{"step": 5, "loss": 0.1 + 0.2, "far": 1e-30}, {"step": 10, "loss": math.nan, "far": math.inf}]


def test_rows_come_back_to_the_bit(tmp_path: Path) -> None:
    log = CsvLog(tmp_path / "log.csv", [])
    for row in ROWS:
        log.add(row)
    [first, second] = read_rows(log.file, until=10)
    assert first == ROWS[0]
    assert math.isnan(second["loss"])
    assert second["far"] == math.inf
    assert log.file.read_text().splitlines()[:2] == ["step,loss,far", "5,0.30000000000000004,1e-30"]


def test_a_resumed_log_is_cut_back(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    CsvLog(file, ROWS)
    with file.open("a") as stream:
        stream.write("15,0.5,")  # a process was killed in the middle of it
    rows = read_rows(file, until=7)
    assert rows == ROWS[:1]
    CsvLog(file, rows).add({"step": 10, "loss": 1, "far": 2})
    assert file.read_text() == "step,loss,far\n5,0.30000000000000004,1e-30\n10,1,2\n"
    assert [row["step"] for row in read_rows(file, until=99)] == [5, 10]


def test_a_last_row_that_is_not_whole_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("step,loss\n1,0.5\n2,0.2")
    assert read_rows(file, until=9) == [{"step": 1, "loss": 0.5}]


def test_new_facts_make_the_table_wider(tmp_path: Path) -> None:
    log = CsvLog(tmp_path / "log.csv", [])
    log.add({"step": 1, "loss": 2})
    log.add({"step": 2, "loss": 3, "seen": 4})
    log.add({"step": 3, "loss": 5})
    assert log.file.read_text() == "step,loss,seen\n1,2,\n2,3,4\n3,5,\n"
    assert read_rows(log.file, until=3) == log.rows


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\n", b"loss\n1\n", b"step,loss\nx,y\n"])
def test_what_is_no_log_has_no_rows(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "log.csv").write_bytes(content)
    assert read_rows(tmp_path / "log.csv", until=9) == []
    assert read_rows(tmp_path / "other.csv", until=9) == []


def test_a_log_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    log = CsvLog(tmp_path / "log.csv", ROWS)
    log.file.unlink()
    log.file.mkdir()
    for act in (lambda: log.add(ROWS[0]), log.settle):
        with pytest.raises(OutputError, match=r"log\.csv: the log cannot be written"):
            act()


def test_tensorboard_reads_every_row_once(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
    from tensorboard.compat.proto.event_pb2 import Event

    TensorBoardLog(tmp_path / "board", ROWS)
    log = TensorBoardLog(tmp_path / "board", ROWS[:1])
    log.add({"step": 10, "loss": 0.5})
    [file] = (tmp_path / "board").iterdir()
    assert "tfevents" in file.name
    events = [Event.FromString(record) for record in RawEventFileLoader(str(file)).Load()]
    assert events[0].file_version == "brain.Event:2"
    found = [(event.step, value.tag, value.simple_value) for event in events for value in event.summary.value]
    assert found == [(5, "loss", pytest.approx(0.3)), (5, "far", pytest.approx(1e-30)), (10, "loss", 0.5)]
