from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors import safe_open

from tenshot.core.errors import OutputError
from tenshot.training.files import write_tensors, write_whole

if TYPE_CHECKING:
    from pathlib import Path


def test_folders_are_made_and_files_replaced(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b.bin"
    write_whole(file, b"old")
    write_whole(file, b"new")
    assert file.read_bytes() == b"new"
    assert [each.name for each in file.parent.iterdir()] == ["b.bin"]


def test_what_was_there_survives_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "b.bin"
    write_whole(file, b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OutputError, match=r"b\.bin: cannot be written \(No space left on device\)"):
            write_whole(file, b"new")
    assert file.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["b.bin"]


def test_what_a_killed_process_left_is_written_over(tmp_path: Path) -> None:
    (tmp_path / ".b.bin.part").write_bytes(b"half of it")
    write_whole(tmp_path / "b.bin", b"x")
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("b.bin", b"x")]


def test_a_place_that_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(OutputError, match=r"a/b\.bin: cannot be written"):
        write_whole(tmp_path / "a" / "b.bin", b"")


def test_tensors_may_lie_as_they_like(tmp_path: Path) -> None:
    whole = torch.arange(6.0).view(2, 3)
    write_tensors(tmp_path / "w.safetensors", {"a": whole.T, "b": whole[0], "c": whole}, {"kind": "toy"})
    with safe_open(tmp_path / "w.safetensors", framework="pt") as content:
        assert content.metadata() == {"kind": "toy"}
        assert torch.equal(content.get_tensor("a"), whole.T)
        assert torch.equal(content.get_tensor("b"), whole[0])
