from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, NoReturn

import pytest
import typer
from typer.testing import CliRunner

from tenshot.cli.grouping import BAD_USE, FAULT, INTERRUPTED, command
from tenshot.core.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, kw_only=True)
class Sizes:
    width: Annotated[int, typer.Option(help="Wide.")] = 3
    tall: Annotated[bool, typer.Option("--tall")] = False


@dataclass(frozen=True, kw_only=True)
class Debugging:
    debug: Annotated[bool, typer.Option("--debug")] = False


def build(body: Callable[..., object]) -> typer.Typer:
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.command()
    @command
    def measure(name: str, times: int = 1, *, sizes: Sizes, debugging: Debugging) -> None:
        """Measures."""
        body(name, times, sizes, debugging)

    return app


def test_fields_of_a_group_become_options_and_come_back_as_the_group() -> None:
    seen = []
    result = CliRunner().invoke(
        build(lambda *each: seen.append(each)), ["box", "--times", "2", "--width", "7", "--tall"]
    )
    assert result.exit_code == 0
    assert seen == [("box", 2, Sizes(width=7, tall=True), Debugging())]


def test_defaults_are_those_of_the_dataclass() -> None:
    seen = []
    CliRunner().invoke(build(lambda *each: seen.append(each)), ["box"])
    assert seen == [("box", 1, Sizes(), Debugging())]


def test_help_lists_every_field() -> None:
    text = CliRunner().invoke(build(print), ["--help"]).output
    for option in ("--times", "--width", "--tall", "--debug", "Measures."):
        assert option in text


def refuse(*_: object) -> NoReturn:
    message = "a.png is a folder"
    raise ImageError(message)


def test_an_error_of_ours_is_one_sentence_and_status_2() -> None:
    result = CliRunner().invoke(build(refuse), ["box"])
    assert result.exit_code == BAD_USE
    assert result.stderr == "tenshot: error: a.png is a folder\n"
    assert result.stdout == ""


def test_debug_shows_where_an_error_came_from() -> None:
    result = CliRunner().invoke(build(refuse), ["box", "--debug"])
    assert result.exit_code == BAD_USE
    assert "Traceback" in result.stderr


def test_ctrl_c_is_status_130() -> None:
    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    assert CliRunner().invoke(build(interrupt), ["box"]).exit_code == INTERRUPTED


def test_a_fault_of_our_own_is_never_status_1() -> None:
    def fail(*_: object) -> NoReturn:
        message = "our fault"
        raise ZeroDivisionError(message)

    result = CliRunner().invoke(build(fail), ["box"])
    assert result.exit_code == FAULT
    assert "ZeroDivisionError: our fault" in result.stderr
    assert "fault in tenshot" in result.stderr


@pytest.mark.parametrize("status", [0, 1])
def test_a_wanted_exit_status_passes(status: int) -> None:
    def leave(*_: object) -> NoReturn:
        raise typer.Exit(status)

    assert CliRunner().invoke(build(leave), ["box"]).exit_code == status
