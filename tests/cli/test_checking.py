from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
import pytest

from tenshot.cli.checking import run_check
from tenshot.core.errors import MissingError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def part(tmp_path: Path) -> Path:
    root, generator = tmp_path / "[b]part", np.random.default_rng(0)
    for folder, count in (("good", 8), ("bad", 3)):
        (root / folder).mkdir(parents=True)
        for index in range(count):
            PIL.Image.fromarray(generator.integers(0, 255, (6, 9), np.uint8)).save(root / folder / f"{index}.png")
    return root


def test_people_see_what_is_there_and_what_it_lacks(part: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_check(str(part)) == 0
    printed = capsys.readouterr().out
    expected = [
        "[b]part: layout of own folder",
        "It has no split; tenshot's: half of the good photos, drawn by a fixed seed, may be learned; ",
        "\n[b]part\n",
        "to learn",
        "4 normal",
        "to judge",
        "3 bad, 4 good",
        "11 of 9 x 6, grey, 8 bit",
        "0 paired, 3 missing, 0 black",
        "image AUROC, image AP, image F1-max",
        "No pixel metrics: no anomalous image has a mask.",
        "remark: 4 normal images to learn: ten shots cannot be drawn",
        "No problems in 1 set.",
    ]
    places = [printed.index(text) for text in expected]
    assert places == sorted(places)


def test_problems_give_status_1(part: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (part / "good/3.png").write_bytes(b"no image")
    assert run_check(str(part)) == 1
    printed = capsys.readouterr().out
    assert "problem: cannot be read: " in printed
    assert "good/3.png is not an image" in printed
    assert "Problems in 1 of 1 set." in printed


def test_what_cannot_be_listed(part: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (part / "good").rename(part / "fine")
    assert run_check(str(part)) == 1
    printed = capsys.readouterr().out
    assert "has no known layout; it holds bad/, fine/" in printed
    assert "It cannot be measured on." in printed


def test_programs_get_one_object(part: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_check(part, as_json=True) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["layout"] == "own folder"
    assert report["categories"][0]["test"] == {"bad": 3, "good": 4}


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="there is no such folder"):
        run_check(str(tmp_path / "none"))


def test_a_set_by_name(shared_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_check("mvtec_ad/capsule", data=shared_data) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "This copy is split otherwise (196 to learn, 23 + 109 to judge; theirs: 219 to learn" in printed
