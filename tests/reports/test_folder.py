from __future__ import annotations

import errno
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image as Pil

from tenshot.core.errors import OutputError
from tenshot.reports.folder import MARK, RowFile, check_output, clear_output, replace_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    LargestFile = Callable[[int], AbstractContextManager[None]]

SCORES_HEADER = "path,score,threshold,p_value,is_anomalous\n"
NO_SUCH_PLACE = Path("/proc/nothing/can/be/made/here")


def jpeg(comment: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    Pil.new("RGB", (8, 8)).save(buffer, "JPEG", comment=comment)
    return buffer.getvalue()


@pytest.fixture
def used(tmp_path: Path) -> Path:
    """A folder as a run leaves it, killed in the middle of writing an overlay."""
    folder = tmp_path / "out"
    (folder / "heatmaps").mkdir(parents=True)
    (folder / "scores.csv").write_text(SCORES_HEADER + "a.png,1.0,2.0,0.5,false\n")
    (folder / "scores.jsonl").write_text('{"path": "a.png", "score": 1.0, "map_threshold": 1.0}\n')
    (folder / "errors.csv").write_text("path,error\n")
    (folder / "report.html").write_text(f"<!doctype html>\n<!-- {MARK} -->\n<html>")
    (folder / "heatmaps" / "a.jpg").write_bytes(jpeg(MARK.encode()))
    (folder / "heatmaps" / ".tenshot-123.part").write_bytes(b"half")
    (folder / ".tenshot-123.part").write_bytes(b"half")
    return folder


def contents(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_new_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    check_output(tmp_path / "a" / "b")
    assert contents(tmp_path) == ["a", "a/b"]


def test_checking_removes_nothing(used: Path) -> None:
    before = contents(used)
    check_output(used)
    assert contents(used) == before


def test_what_an_earlier_run_wrote_is_removed(used: Path) -> None:
    clear_output(used)
    assert contents(used) == []


def test_files_of_others_stay(used: Path) -> None:
    (used / "notes.txt").write_text("mine")
    (used / "heatmaps" / "mine.jpg").write_bytes(jpeg())
    (used / "heatmaps" / "sub").mkdir()
    clear_output(used)
    assert contents(used) == ["heatmaps", "heatmaps/mine.jpg", "heatmaps/sub", "notes.txt"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("scores.csv", "path;score\n"),
        ("scores.csv", "path,score,threshold,p_value,is_anomalous,my_remark\n"),
        ("scores.jsonl", '{"path": "a.png"}\n{"map_threshold": 1}\n'),
        ("errors.csv", "path,error,who\n"),
        ("report.html", "<!doctype html>\n<html>"),
    ],
)
def test_a_file_of_somebody_else_under_our_name_is_refused(used: Path, name: str, text: str) -> None:
    (used / name).write_text(text)
    before = contents(used)
    with pytest.raises(OutputError, match=f"already holds {name}"):
        clear_output(used)
    assert contents(used) == before


@pytest.mark.parametrize("name", ["report.html", "heatmaps"])
def test_a_thing_of_the_wrong_kind_is_refused(tmp_path: Path, name: str) -> None:
    if name == "heatmaps":
        (tmp_path / name).write_bytes(b"")
    else:
        (tmp_path / name).mkdir()
    with pytest.raises(OutputError, match=f"already holds {name}"):
        clear_output(tmp_path)


def test_a_table_saved_on_another_system_is_still_ours(used: Path) -> None:
    (used / "scores.csv").write_bytes(SCORES_HEADER.replace("\n", "\r\n").encode())
    clear_output(used)
    assert contents(used) == []


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no /proc, where even root cannot read")
def test_a_file_that_cannot_be_read_is_nobodys_to_replace(tmp_path: Path) -> None:
    (tmp_path / "scores.csv").symlink_to("/proc/self/mem")
    with pytest.raises(OutputError, match=r"scores\.csv cannot be read"):
        clear_output(tmp_path)


def test_a_link_is_removed_and_not_what_it_points_to(used: Path, tmp_path: Path) -> None:
    target = tmp_path / "precious.csv"
    target.write_text(SCORES_HEADER)
    (used / "scores.csv").unlink()
    (used / "scores.csv").symlink_to(target)
    clear_output(used)
    assert target.read_text() == SCORES_HEADER
    assert contents(used) == []


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "out"
    file.write_text("")
    with pytest.raises(OutputError, match="must be a folder for results; it is a file"):
        check_output(file)
    with pytest.raises(OutputError, match="a part of its path is a file"):
        check_output(file / "deeper")


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="no /proc, where even root cannot write")
def test_a_place_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written") as raised:
        check_output(NO_SUCH_PLACE)
    assert str(raised.value).startswith(str(NO_SUCH_PLACE))
    with pytest.raises(OutputError, match="cannot be written"):
        check_output(Path("/proc"))
    assert contents(tmp_path) == []


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "report.html"
    replace_file(path, [b"one", b"two"])
    replace_file(path, [b"three"])
    assert path.read_bytes() == b"three"
    assert contents(tmp_path) == ["sub", "sub/report.html"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_file_that_cannot_be_finished_leaves_the_old_one(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(b"old")

    def chunks() -> Iterator[bytes]:
        yield b"new"
        raise error

    with pytest.raises((OutputError, KeyboardInterrupt)):
        replace_file(path, chunks())
    assert path.read_bytes() == b"old"
    assert contents(tmp_path) == ["report.html"]


def test_rows_are_on_disk_at_once(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    with RowFile(path, header="a\n") as table:
        table.write("1\n")
        assert path.read_text() == "a\n1\n"


def test_a_name_that_is_no_unicode_is_written_with_escapes(tmp_path: Path) -> None:
    with RowFile(tmp_path / "table.csv") as table:
        table.write("caf\udce9.png\n")
    assert (tmp_path / "table.csv").read_text(encoding="utf-8") == "caf\\udce9.png\n"


def test_a_table_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("mine")
    with pytest.raises(OutputError, match="cannot be written"):
        RowFile(tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text() == "mine"


def test_a_header_that_does_not_fit_closes_the_file(tmp_path: Path, largest_file: LargestFile) -> None:
    with pytest.raises(OutputError, match="the file would become larger"), largest_file(3):
        RowFile(tmp_path / "table.csv", header="path\n")
    assert (tmp_path / "table.csv").read_bytes() == b""


class FullDisk:
    """A raw file on a disk that takes four more bytes."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._left = 4

    def write(self, data: bytes) -> int:
        if not self._left:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = int(self._file.write(data[: self._left]))
        self._left -= written
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def test_half_a_row_is_taken_back_when_the_disk_is_full(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    with RowFile(path, header="path\n") as table:
        table.write("first\n")
        table._file = FullDisk(table._file)  # type: ignore[assignment]
        with pytest.raises(OutputError, match=r"table\.csv cannot be written: the disk is full\."):
            table.write("second\n")
    assert path.read_text() == "path\nfirst\n"
