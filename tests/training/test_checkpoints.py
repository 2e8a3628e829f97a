from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tenshot.core.errors import InputError, OutputError
from tenshot.training.checkpoints import Checkpoints, read_checkpoint, write_checkpoint

if TYPE_CHECKING:
    from pathlib import Path

STATE: dict[str, Any] = {"w": torch.randn(5, 3), "n": {1: (2.5, None)}, "b": torch.ones(3, dtype=torch.bfloat16)}


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    found = Checkpoints(tmp_path / "checkpoints")
    for step in (5, 10, 15):
        found.save(step, {**STATE, "step": step})
    return found


def names(checkpoints: Checkpoints) -> list[str]:
    return [file.name for file in checkpoints.files()]


def test_a_checkpoint_is_safetensors_and_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "x.safetensors"
    write_checkpoint(file, STATE)
    state = read_checkpoint(file)
    assert torch.equal(state["w"], STATE["w"])
    assert torch.equal(state["b"], STATE["b"])
    assert state["n"] == STATE["n"]
    assert torch.equal(load_file(file)["w"], STATE["w"])


def test_the_two_newest_are_kept(checkpoints: Checkpoints) -> None:
    assert names(checkpoints) == ["step-00000015.safetensors", "step-00000010.safetensors"]
    newest = checkpoints.newest()
    assert newest is not None
    assert (newest.state["step"], newest.remark) == (15, "")


def test_later_ones_of_a_run_that_went_another_way_are_removed(checkpoints: Checkpoints) -> None:
    checkpoints.save(12, STATE)
    assert names(checkpoints) == ["step-00000012.safetensors", "step-00000010.safetensors"]


def test_without_any_there_is_none(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path / "nowhere").newest() is None
    (tmp_path / "notes.txt").write_text("mine")
    assert Checkpoints(tmp_path).newest() is None


def _flip(content: bytes, place: int) -> bytes:
    changed = bytearray(content)
    changed[place] ^= 4
    return bytes(changed)


@pytest.mark.parametrize("damage", ["empty", "half", "last byte missing", "tensor", "state", "length", "other"])
def test_damage_is_seen_and_the_one_before_taken(checkpoints: Checkpoints, damage: str) -> None:
    file = checkpoints.files()[0]
    content = file.read_bytes()
    if damage == "other":
        save_file({"w": torch.zeros(1)}, file)
    else:
        changed = {
            "empty": b"",
            "half": content[: len(content) // 2],
            "last byte missing": content[:-1],
            "tensor": _flip(content, -7),
            "state": _flip(content, content.index(b"2.5")),
            "length": _flip(content, 7),
        }
        file.write_bytes(changed[damage])
    with pytest.raises(InputError, match=r"step-00000015\.safetensors: expected a checkpoint of a training, got a dam"):
        read_checkpoint(file)
    newest = checkpoints.newest()
    assert newest is not None
    assert newest.file.name == "step-00000010.safetensors"
    assert newest.remark == "step-00000015.safetensors damaged: going on from step-00000010.safetensors"


def test_if_all_are_damaged_it_is_not_begun_anew(checkpoints: Checkpoints) -> None:
    for file in checkpoints.files():
        file.write_bytes(b"x")
    with pytest.raises(InputError, match=r"expected a whole checkpoint, but step-0+15\S+ and step-0+10\S+ are damaged"):
        checkpoints.newest()


def test_one_that_cannot_be_written_leaves_the_others(
    checkpoints: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OutputError, match=r"^the checkpoint of step 20 cannot be written \(No space left"):
            checkpoints.save(20, STATE)
    assert names(checkpoints) == ["step-00000015.safetensors", "step-00000010.safetensors"]
    assert len(list(checkpoints.folder.iterdir())) == 2


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").write_text("")
    with pytest.raises(InputError, match="checkpoints: expected a folder of checkpoints"):
        Checkpoints(tmp_path / "checkpoints").newest()


def test_one_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"x\.safetensors: cannot be read \(No such file"):
        read_checkpoint(tmp_path / "x.safetensors")
