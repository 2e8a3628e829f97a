"""Results as one HTML file that holds all it needs and asks the network for nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from importlib.resources import files
from typing import TYPE_CHECKING

from tenshot.evaluation.benchmark import accounting, comparing
from tenshot.evaluation.benchmark.averages import Averages
from tenshot.evaluation.benchmark.plots import plots
from tenshot.evaluation.benchmark.tabulating import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tenshot.evaluation.benchmark.examples import Example
    from tenshot.evaluation.benchmark.schema import Results
    from tenshot.evaluation.benchmark.tabulating import Section

__all__ = ["page"]

_TEMPLATES = "templates"
_STYLES = (("tenshot.reports", "report.css"), (__package__ or "", "benchmark.css"))
_WORDS = {
    "missed": "Anomalous, among the lowest scores",
    "found": "Anomalous, among the highest scores",
    "alarm": "Normal, among the highest scores",
}


def page(results: Results, examples: Iterable[Example] = ()) -> str:
    """A page with all tables and pictures; every name in it is escaped.

    Depends on results and examples alone, down to the byte. The page forbids itself the network and scripts by a
    content security policy, and works without either; the tables are those of the Markdown.

    Args:
        results: complete or not; what is missing is said or shown as a dash.
        examples: images worth looking at, shown by product in the order of the results.
    """
    # Imported here, as nothing but the last step of a run needs it.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(__package__, _TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(printable=printable, picture=_data_uri, number=_number)
    averages = Averages(results)
    style = "".join(files(package).joinpath(_TEMPLATES, name).read_text("utf-8") for package, name in _STYLES)
    parts: dict[str, Section | list[Section]] = {
        "protocol": accounting.protocol(results),
        "glance": comparing.at_a_glance(results, averages),
        "compared": _present(
            comparing.against_nearest(averages),
            accounting.false_alarms(results, averages),
            comparing.other_conditions(results, averages),
        ),
        "full": comparing.in_full(averages),
        "surroundings": _present(accounting.published_figures(results, averages), accounting.costs(results)),
        "provenance": accounting.provenance(results),
    }
    pictures, shown = plots(results), _by_product(results, examples)
    return environment.get_template("page.html.j2").render(
        **parts,
        plots=pictures,
        examples=shown,
        words=_WORDS,
        sets=results.sets,
        support=_support(results),
        outline=_outline(results),
        links=_links(parts, pictures=bool(pictures), examples=bool(shown)),
        style=style,
        style_hash=f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}",
    )


def _present(*sections: Section | None) -> list[Section]:
    return [section for section in sections if section is not None]


def _links(parts: dict[str, Section | list[Section]], *, pictures: bool, examples: bool) -> list[tuple[str, str]]:
    links: list[tuple[str, str]] = []
    for name, part in parts.items():
        if name == "full":
            links += [("full", "Every figure")] if part else []
            links += [("images", "Best and worst images")] if examples else []
        else:
            links += [(each.key, each.title) for each in (part if isinstance(part, list) else [part])]
        links += [("plots", "Pictures")] if name == "glance" and pictures else []
    return links


def _outline(results: Results) -> str:
    shared = results.protocol
    counts = (
        (len(results.detectors), "detector"),
        (len(results.sets), "product"),
        (len(shared.seeds), "draw"),
    )
    words = [f"{count} {name}{'' if count == 1 else 's'}" for count, name in counts]
    return " · ".join([*words, f"shots {', '.join(map(str, shared.shots))}"])


def _by_product(results: Results, examples: Iterable[Example]) -> list[tuple[str, Sequence[Example]]]:
    held = list(examples)
    names = dict.fromkeys([*(each.name for each in results.sets), *(each.set for each in held)])
    found = [(name, [each for each in held if each.set == name]) for name in names]
    return [(name, shown) for name, shown in found if shown]


def _support(results: Results) -> str:
    """The draws as a file that replays them, in base64."""
    content = {"sets": [{"name": each.name, "support": each.support} for each in results.sets]}
    return base64.b64encode(json.dumps(content, indent=1).encode()).decode()


def _data_uri(example: Example) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(example.picture).decode()}"


def _number(value: float) -> str:
    return f"{value:.4g}"
