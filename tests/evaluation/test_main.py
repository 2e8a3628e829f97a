from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
import torch
from typer.testing import CliRunner

from tenshot.evaluation.__main__ import app, main

if TYPE_CHECKING:
    from pathlib import Path


def test_every_command_explains_itself() -> None:
    for command in ([], ["agreement"], ["calibration"], ["curves"], ["own_terms"], ["speed"]):
        assert CliRunner().invoke(app, [*command, "--help"]).exit_code == 0


def test_a_command_writes_a_table_and_its_cells(small_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "table.md"
    options = "--set mvtec_ad/bottle --shots 2 --draws 1 --extractor resnet10 --image-size 64"
    arguments = ["calibration", *options.split(), "--threads", str(torch.get_num_threads()), "-o", str(out)]
    result = CliRunner().invoke(app, arguments, env={"TENSHOT_DATA": str(small_data)})
    assert result.exit_code == 0, result.output
    assert f"Wrote {out}" in result.stdout
    assert out.read_text().startswith("# False alarms, wanted and measured, resnet10\n")
    assert out.with_suffix(".json").is_file()


def test_a_mistake_is_one_line_and_status_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["calibration", "--set", "screw", "--extractor", "resnet10", "--threads", str(torch.get_num_threads())]
    monkeypatch.setattr(sys, "argv", ["evaluation", *arguments, "-o", str(tmp_path / "a.md")])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("Error: screw: ")
