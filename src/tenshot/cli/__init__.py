"""The command line: what people touch first. Nothing heavy is imported before a command needs it."""

import sys
from io import TextIOWrapper

__all__ = ["main"]


def main() -> None:
    """Runs the ``tenshot`` command with the arguments of this process."""
    from tenshot.cli.app import app

    for stream in (sys.stdout, sys.stderr):
        # A file name that the terminal cannot show must not end the run that judged it.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="tenshot")
