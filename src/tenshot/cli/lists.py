"""Options that take several values after one name: ``--shots 1 2 4 10``, beside ``--shots 1 --shots 2``."""

from typing import Any

from tenshot.cli.grouping import PlainCommand

__all__ = ["ListCommand"]


class ListCommand(PlainCommand):
    """A command whose repeatable options may be written as lists. Its arguments come before its options."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Typer keeps these types to itself
        """Writes the option's name before every value of a list, which is what the parser knows."""
        repeatable = {name for option in self.params if getattr(option, "multiple", False) for name in option.opts}
        return super().parse_args(ctx, _unrolled(args, repeatable))


def _unrolled(args: list[str], repeatable: set[str]) -> list[str]:
    plain: list[str] = []
    current, values = "", 0
    for arg in args:
        if arg.startswith("-") and len(arg) > 1:
            current, values = (arg if arg in repeatable else ""), 0
            plain.append(arg)
            continue
        if current and values:
            plain.append(current)
        plain.append(arg)
        values += 1
    return plain
