"""Commands that take groups of options as frozen dataclasses, and one place where errors become exit statuses."""

import inspect
import sys
import traceback
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup

from tenshot.core.errors import TenshotError

__all__ = ["BAD_USE", "FAULT", "FLAGGED", "INTERRUPTED", "PlainCommand", "PlainGroup", "command"]

FLAGGED = 1
BAD_USE = 2
FAULT = 3
INTERRUPTED = 130


class _WithPlainHelp:
    """Shows ``--help`` as the other flags, without the ``<bool>`` that Typer puts beside it."""

    def get_help_option(self, ctx: Any) -> Any:  # noqa: ANN401 - Typer keeps these types to itself
        option = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.metavar = ""
        return option


class PlainCommand(_WithPlainHelp, TyperCommand):
    """A command."""


class PlainGroup(_WithPlainHelp, TyperGroup):
    """The group of all commands."""


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Turns a function over option groups into one that Typer reads as flat options.

    A parameter annotated with a dataclass stands for one option per field, so commands that share options share their
    declaration. A :class:`TenshotError` ends the command with one sentence on stderr and status 2, Ctrl-C with 130; a
    fault of our own shows its traceback and ends with 3, so that nobody mistakes it for "an anomaly was found" (1).
    """
    hints = get_type_hints(function, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}

    def run(**values: Any) -> None:  # noqa: ANN401 - whatever types the options have
        packed = {
            name: group(**{field.name: values.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        debug = any(getattr(group, "debug", False) for group in packed.values())
        _guarded(lambda: function(**values, **packed), debug=debug)

    parameters = [flat for name in inspect.signature(function).parameters for flat in _flat(function, name, hints)]
    run.__name__ = function.__name__
    run.__doc__ = function.__doc__
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run


def _flat(function: Callable[..., None], name: str, hints: dict[str, Any]) -> list[inspect.Parameter]:
    hint = hints[name]
    if not is_dataclass(hint):
        default = inspect.signature(function).parameters[name].default
        return [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)]
    inner = get_type_hints(hint, include_extras=True)
    return [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=inner[field.name]
        )
        for field in fields(hint)
    ]


def _guarded(action: Callable[[], None], *, debug: bool) -> None:
    try:
        action()
    except TenshotError as error:
        if debug:
            traceback.print_exc()
        typer.echo(f"tenshot: error: {error}", err=True)
        raise typer.Exit(BAD_USE) from error
    except KeyboardInterrupt as error:
        typer.echo("tenshot: interrupted", err=True)
        raise typer.Exit(INTERRUPTED) from error
    except (typer.Exit, typer.Abort, BrokenPipeError):
        raise
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        typer.echo("tenshot: this is a fault in tenshot itself; please report it with the lines above", err=True)
        raise typer.Exit(FAULT) from error
