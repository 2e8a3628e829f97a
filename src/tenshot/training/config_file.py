"""Configurations as people write them: a YAML file, settings changed one by one, and errors that name the place."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from tenshot.core.config import Settings
from tenshot.core.errors import InputError, MissingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["as_yaml", "assign", "checked", "read_yaml", "rebased"]

AnySettings = TypeVar("AnySettings", bound=Settings)
UNKNOWN = "extra_forbidden"
ALIKE, WORD, ELSEWHERE = 0.5, 0.9, 0.15
PREAMBLE = re.compile(r"^(Input|Tuple|List|Dictionary|String) should (be|have) ")
KINDS = {"model_type": "expected settings by name", "path_type": "expected a path"}
"""What pydantic would say in terms of Python."""


def read_yaml(file: Path) -> dict[str, Any]:
    """Reads a file of nested settings.

    Raises:
        MissingError: if it is not there.
        InputError: if it cannot be read, naming line and column, or holds something else.
    """
    if not file.exists():
        msg = f"{file}: expected a YAML file of settings, found nothing"
        raise MissingError(msg)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        msg = f"{file}: expected a YAML file of settings, which cannot be read ({why})"
        raise InputError(msg) from error
    values = _parsed(text, str(file))
    if values is None:
        return {}
    if not isinstance(values, dict):
        msg = f"{file}: expected settings by name, got a {type(values).__name__}"
        raise InputError(msg)
    return values


def assign(values: dict[str, Any], assignments: Iterable[str]) -> dict[str, Any]:
    """Settings with some of them changed.

    Args:
        values: nested settings.
        assignments: ``a.b=c`` each, c as YAML has it; a number as a part of the name counts the entries of a list.

    Raises:
        InputError: for an assignment that is none.
    """
    changed = values
    for text in assignments:
        name, equals, value = text.partition("=")
        if not equals or not all(name.split(".")):
            msg = f"--set: expected NAME=VALUE, as in optimiser.learning_rate=0.001, got {text!r}"
            raise InputError(msg)
        changed = _with(changed, name.split("."), _parsed(value, f"--set {name}"))
    return changed


def checked(model: type[AnySettings], values: Mapping[str, Any]) -> AnySettings:
    """Validates nested settings.

    Raises:
        InputError: naming the setting by its dotted name, what is allowed and what came; for a name that does not
            exist, the nearest one that does.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        # A misspelt name also lacks the right one; the misspelling is what helps.
        first = min(error.errors(), key=lambda each: each["type"] != UNKNOWN)
        raise InputError(_unknown(model, first["loc"]) if first["type"] == UNKNOWN else _wrong(model, first)) from error


def rebased(config: AnySettings, base: Path, onto: Path) -> AnySettings:
    """The same settings with paths relative to another folder; absolute ones stay.

    Args:
        config: with paths relative to ``base``.
        base: a folder.
        onto: another.
    """
    start, goal = base.resolve(), onto.resolve()

    def moved(value: Any) -> Any:  # noqa: ANN401 - whatever settings hold
        if isinstance(value, Path) and not value.is_absolute():
            return Path(os.path.relpath(start / value, goal))
        if isinstance(value, dict):
            return {name: moved(each) for name, each in value.items()}
        return type(value)(map(moved, value)) if isinstance(value, list | tuple) else value

    return type(config).model_validate(moved(config.model_dump()))


def as_yaml(config: Mapping[str, Any]) -> str:
    """Nested settings in plain types as the text of a YAML file, in their order."""
    import yaml

    class Dumper(yaml.SafeDumper):  # type: ignore[misc]
        """Writes lists of plain values in one line."""

        def represent_list(self, values: list[Any]) -> yaml.Node:
            plain = not any(isinstance(each, dict | list) for each in values)
            return self.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=plain)

    Dumper.add_representer(list, Dumper.represent_list)
    return yaml.dump(config, Dumper=Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=100)


def _parsed(text: str, where: str) -> Any:  # noqa: ANN401 - whatever YAML has
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        """Refuses a name that comes twice, of which YAML would silently take the last."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's
            names = [key.value for key, _ in node.value]
            for number, name in enumerate(names):
                if name in names[:number]:
                    mark = node.value[number][0].start_mark
                    raise yaml.MarkedYAMLError(problem=f"{name!r} comes twice", problem_mark=mark)
            return super().construct_mapping(node, deep)

    try:
        return yaml.load(text, Loader)  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        msg = f"{where}: expected YAML, but{place} {error.problem or error.context}"
        raise InputError(msg) from error
    except (yaml.YAMLError, ValueError) as error:
        msg = f"{where}: expected YAML, but {' '.join(str(error).split())}"
        raise InputError(msg) from error


def _with(values: Any, parts: Sequence[str], value: Any) -> Any:  # noqa: ANN401 - nested settings
    """A copy of nested settings with one changed; what is not there is made."""
    if not parts:
        return value
    name, rest = parts[0], parts[1:]
    if isinstance(values, list | tuple) and name.isdecimal() and int(name) < len(values):
        return [_with(each, rest, value) if index == int(name) else each for index, each in enumerate(values)]
    below = values if isinstance(values, dict) else {}
    return {**below, name: _with(below.get(name), rest, value)}


def _walk(model: type[BaseModel], loc: Sequence[int | str]) -> tuple[list[type[BaseModel]], str]:
    """The models that an error's place may be in, and its dotted name, without the names pydantic gives to choices."""
    models, names = [model], []
    for part in loc:
        fields = [each.model_fields[part].annotation for each in models if part in each.model_fields]
        if fields:
            models = [each for annotation in fields for each in _models(annotation)]
        if fields or isinstance(part, int):
            names.append(str(part))
    return models, ".".join(names)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - any annotation
    """The models that an annotation speaks of, however nested."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models(each)


def _unknown(root: type[BaseModel], loc: Sequence[int | str]) -> str:
    *above, name = loc
    models, place = _walk(root, above)
    here = [_below(place, field) for each in models for field in each.model_fields]
    alike = {each: _likeness(str(name), each) for each in here}
    elsewhere = {each: _likeness(str(name), each) - ELSEWHERE for each in _all_names(root)}
    alike = elsewhere | alike
    nearest = max(alike, key=lambda each: alike[each])
    dotted = _below(place, str(name))
    if alike[nearest] >= ALIKE:
        return f"{dotted}: no such setting; the nearest is {nearest}"
    return f"{dotted}: no such setting; there are {', '.join(here)}"


def _likeness(name: str, dotted: str) -> float:
    """How much a name looks like the last part of another, 0 to 1; initials and single words of it count too."""
    field = dotted.rpartition(".")[2]
    words = field.split("_")
    if name in ("".join(word[0] for word in words), *words):
        return WORD
    return difflib.SequenceMatcher(None, name.lower(), field).ratio()


def _all_names(model: type[BaseModel], place: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield f"{place}{name}"
        for each in _models(field.annotation):
            yield from _all_names(each, f"{place}{name}.")


def _wrong(root: type[BaseModel], error: Mapping[str, Any]) -> str:
    models, place = _walk(root, error["loc"])
    if error["type"] == "missing":
        return f"{place}: expected a value, got none"
    said = error["msg"]
    if error["type"] == "value_error":
        # Our own sentence, which names a setting of the section it is of, or the section.
        said = said.removeprefix("Value error, ")
        name = said.partition(":")[0]
        known = any(name in each.model_fields for each in models)
        return _below(place, said) if known or not place else f"{place}: {said.removeprefix(f'{name}: ')}"
    said = KINDS.get(error["type"]) or PREAMBLE.sub("expected ", said).partition(", unable")[0].partition(", got")[0]
    return f"{place or 'settings'}: {said}, got {error['input']!r}"


def _below(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
