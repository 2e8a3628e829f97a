"""The command line: what people touch first. Nothing heavy is imported before a command needs it."""

__all__ = ["main"]


def main() -> None:
    """Runs the ``tenshot`` command with the arguments of this process."""
    from tenshot.cli.app import app

    app(prog_name="tenshot")
