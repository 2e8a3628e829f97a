from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from tenshot.cli import console
from tenshot.cli.console import progress, shorten, stdout


@pytest.mark.parametrize(
    ("name", "width", "expected"),
    [
        ("a.png", 5, "a.png"),
        ("a.png", 80, "a.png"),
        ("folder/sub/part-017.png", 13, "fol…t-017.png"),
    ],
)
def test_names_keep_their_end(name: str, width: int, expected: str) -> None:
    assert shorten(name, width) == expected
    assert len(shorten(name, width)) <= width


def test_a_pipe_gets_no_bars_and_room_for_paths(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("Scoring") as report:
        report(1, 2)
    assert capsys.readouterr() == ("", "")
    assert stdout().width >= 120


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    screen = io.StringIO()
    monkeypatch.setattr(console, "stderr", lambda: Console(file=screen, force_terminal=True, width=80))
    return screen


def test_quick_work_shows_no_bar(terminal: io.StringIO) -> None:
    with progress("Scoring") as report:
        report(1, 2)
        report(2, 2)
    assert terminal.getvalue() == ""


def test_long_work_shows_how_far_it_is(terminal: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "PATIENCE_SECONDS", 0.01)
    with progress("Scoring") as report:
        time.sleep(0.3)
        assert "Scoring" in terminal.getvalue()
        report(17, 40)
    assert "17/40" in terminal.getvalue()


def test_a_label_is_no_markup(terminal: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "PATIENCE_SECONDS", 0.0)
    with progress("Loading [red]part.tenshot"):
        time.sleep(0.1)
    assert "[red]part.tenshot" in terminal.getvalue()
