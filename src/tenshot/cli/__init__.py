"""The command line: what people touch first. Nothing heavy is imported before a command needs it."""

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import NoReturn

__all__ = ["main"]


def main() -> NoReturn:
    """Runs the ``tenshot`` command with the arguments of this process, and ends it."""
    from tenshot.cli.app import app

    for stream in (sys.stdout, sys.stderr):
        # A file name that the terminal cannot show must not end the run that judged it.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(prog_name="tenshot")
    except SystemExit as end:
        if isinstance(end.code, int | None) and "torch" in sys.modules:
            _leave(end.code or 0)
        raise
    raise AssertionError


def _leave(status: int) -> NoReturn:
    """Ends the process at once: all is written, and unloading torch would cost half a second and 125 MB of memory."""
    for stream in (sys.stdout, sys.stderr):
        # Whoever read our output may have left.
        with suppress(OSError):
            stream.flush()
    os._exit(status)
