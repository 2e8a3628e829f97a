"""Figures of matplotlib as SVG that fits into a page: light or dark, searchable, the same to the byte every time."""

from __future__ import annotations

import io
import re
import warnings
import xml.etree.ElementTree as ET
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

__all__ = ["COLOURS", "DASHES", "FONT_SIZE", "MARKERS", "drawing", "svg_of"]

# Between a third and a fifth of white's luminance: at least 3.4 to 1 against both white and the page's dark grey. Hues
# after Okabe and Ito, which most eyes tell apart; markers and dashes are for the rest.
COLOURS = ("#2b83c6", "#d55e00", "#0f9a72", "#c2679f", "#a67c00", "#7a6fd0", "#808080")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*")
DASHES = ("-", "--", "-.", ":")
FONT_SIZE = 11.0

# Stands for the colour of the text around the picture until it is replaced; no other colour comes near.
_INK = "#010203"
_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_DROPPED = {f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"}
_SETTINGS: dict[Any, Any] = {
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": FONT_SIZE,
    "axes.labelsize": FONT_SIZE,
    "figure.dpi": 72,  # a unit of the picture is then a pixel
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "font.family": ["DejaVu Sans"],
    "font.size": FONT_SIZE,
    "grid.alpha": 0.18,
    "grid.color": _INK,
    "legend.fontsize": FONT_SIZE,
    "legend.frameon": False,
    "savefig.dpi": 72,
    "svg.fonttype": "none",
    "svg.hashsalt": "tenshot",
    "text.color": _INK,
    "text.parse_math": False,  # a name may hold dollars
    "xtick.color": _INK,
    "xtick.labelsize": FONT_SIZE,
    "ytick.color": _INK,
    "ytick.labelsize": FONT_SIZE,
}


@contextmanager
def drawing() -> Iterator[None]:
    """Settings under which figures are made and written; those of the caller come back afterwards."""
    from matplotlib import rc_context, rcParams, rcParamsDefault

    clean: dict[Any, Any] = {key: value for key, value in rcParamsDefault.items() if key != "backend"}
    with rc_context(), warnings.catch_warnings():
        # Text stays text: that the font which only measures it lacks a letter does no harm.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
        rcParams.update({**clean, **_SETTINGS})
        yield


def svg_of(figure: Figure, *, key: str, title: str, description: str) -> str:
    """A figure as one SVG element without XML declaration, to be put into a page or a file.

    Text and axes take the colour of the text around the picture. There are no styles, so that a page may forbid them,
    and ids begin with the key, so that several pictures fit into one page.

    Args:
        figure: made under `drawing`, which must still be in force.
        key: unique in a page; letters, digits and dashes.
        title: what the picture shows.
        description: what can be seen in it, for those who cannot.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    root = ET.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", buffer.getvalue()))  # noqa: S314 - matplotlib has just written it
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag in _DROPPED]:
            parent.remove(child)
        _attributes(parent, key)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.attrib |= {"role": "img", "aria-labelledby": f"{key}-title {key}-desc", "color": "currentColor"}
    root.attrib["font-family"] = "system-ui, sans-serif"
    root.attrib["font-size"] = f"{FONT_SIZE:g}"
    for place, (name, text) in enumerate((("title", title), ("desc", description))):
        element = ET.Element(f"{{{_SVG}}}{name}", {"id": f"{key}-{name}"})
        element.text = text
        root.insert(place, element)
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _XLINK)
    return ET.tostring(root, encoding="unicode").strip()


def _attributes(element: ET.Element, key: str) -> None:
    """Turns styles into attributes, and makes ids unique."""
    for declaration in element.attrib.pop("style", "").split(";"):
        name, _, value = declaration.partition(":")
        if name.strip() and name.strip() not in {"font", "font-size", "font-family"}:
            element.attrib.setdefault(name.strip(), value.strip())
    for name, value in element.attrib.items():
        element.attrib[name] = value.replace(_INK, "currentColor")
    if "id" in element.attrib:
        element.attrib["id"] = f"{key}-{element.attrib['id']}"
    for name in (f"{{{_XLINK}}}href", "clip-path"):
        if name in element.attrib:
            element.attrib[name] = element.attrib[name].replace("#", f"#{key}-")
