from __future__ import annotations

import re

from typer.testing import CliRunner

from tenshot.cli.app import app


def test_help_shows_how_to_begin_to_go_on_and_to_change_a_setting() -> None:
    result = CliRunner().invoke(app, ["train", "--help"])
    text = " ".join(re.sub(r"\x1b\[[0-9;]*m|[│╭╮╰╯─]", " ", result.output).split())
    assert result.exit_code == 0
    for part in (
        "tenshot train --config parts.yaml -o trained --resume",
        "--set run.steps=500 seed=1",
        "torchrun --nproc-per-node=8 -m tenshot train",
        "[required]",
        "[default: tenshot-training]",
        "--debug",
    ):
        assert part in text


def test_a_file_of_settings_is_needed() -> None:
    result = CliRunner().invoke(app, ["train"])
    assert result.exit_code == 2
    assert "--config" in result.output
