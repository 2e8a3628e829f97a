"""Which sources decide a figure: everything that some modules import at run time, near or far."""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["sources_digest", "sources_of"]

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = "tenshot"


def sources_digest(modules: Iterable[str]) -> str:
    """SHA-256 over the sources of some modules and of all that they import from this package."""
    digest = hashlib.sha256()
    for file in sources_of(modules):
        digest.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def sources_of(modules: Iterable[str]) -> tuple[Path, ...]:
    """Files of some modules and of all that they import from this package, wherever in a file; sorted.

    Imports for annotations only decide nothing and do not count.

    Raises:
        ValueError: for a module that does not exist.
    """
    found: dict[str, Path] = {}
    pending = list(modules)
    while pending:
        name = pending.pop()
        if name not in found:
            found[name] = _file_of(name)
            pending += _imports(found[name])
    return tuple(sorted(found.values()))


@cache
def _imports(file: Path) -> tuple[str, ...]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    hidden = {inner for node in ast.walk(tree) if _is_for_annotations(node) for inner in ast.walk(node)}
    return tuple(name for node in ast.walk(tree) if node not in hidden for name in _named(node))


def _is_for_annotations(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _named(node: ast.AST) -> Iterator[str]:
    """Modules of this package that a statement imports; ``from room import module`` names both."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name.partition(".")[0] == PACKAGE)
    elif isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == PACKAGE:
        yield node.module
        inner = (f"{node.module}.{alias.name}" for alias in node.names)
        yield from (name for name in inner if _place(name))


def _file_of(module: str) -> Path:
    file = _place(module)
    if file is None:
        raise ValueError(module)
    return file


def _place(module: str) -> Path | None:
    base = ROOT.joinpath(*module.split("."))
    return next((file for file in (base.with_suffix(".py"), base / "__init__.py") if file.is_file()), None)
