from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tenshot.evaluation.benchmark.drawing import COLOURS, MARKERS, drawing, svg_of

PAPER, NIGHT = "#faf9f7", "#151514"
"""Backgrounds of a page, light and dark."""
SVG = "{http://www.w3.org/2000/svg}"


def _root(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - we have just written it


def _luminance(colour: str) -> float:
    """WCAG 2.1, relative luminance."""
    values = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in values]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _drawn(key: str) -> str:
    from matplotlib.figure import Figure

    with drawing():
        figure = Figure(figsize=(3, 2))
        axes = figure.add_subplot()
        axes.plot([1, 2, 3], [1, 3, 2], marker="o", color=COLOURS[0])
        axes.set_title("$x_1$ <b> 瓶")
        return svg_of(figure, key=key, title="A <title>", description="what & why")


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("background", [PAPER, NIGHT])
def test_colours_stand_out_on_light_and_dark_pages(colour: str, background: str) -> None:
    light, dark = sorted([_luminance(colour), _luminance(background)], reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 3, "WCAG 1.4.11"


def test_a_dozen_detectors_differ_in_marker() -> None:
    assert len(set(MARKERS)) == len(MARKERS) >= 12


def test_a_picture_has_no_style_no_fixed_ink_and_no_date() -> None:
    svg = _drawn("one")
    root = _root(svg)
    assert not [element for element in root.iter() if "style" in element.attrib or element.tag == f"{SVG}style"]
    assert not root.findall(f".//{SVG}metadata")
    assert {element.get("fill") for element in root.iter(f"{SVG}text")} == {"currentColor"}
    assert "#010203" not in svg
    assert "<!DOCTYPE" not in svg
    assert "<?xml" not in svg
    assert COLOURS[0] in svg


def test_text_stays_text_whatever_it_holds() -> None:
    root = _root(_drawn("one"))
    assert "$x_1$ <b> 瓶" in [element.text for element in root.iter(f"{SVG}text")]


def test_a_picture_says_what_it_shows() -> None:
    root = _root(_drawn("one"))
    assert root.get("role") == "img"
    told = [root.find(f".//{SVG}*[@id='{name}']") for name in str(root.get("aria-labelledby")).split()]
    assert [element.text for element in told if element is not None] == ["A <title>", "what & why"]


def test_ids_of_two_pictures_do_not_meet_and_references_lead_somewhere() -> None:
    ids = []
    for key in ("one", "two"):
        root = _root(_drawn(key))
        own = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
        links = [element.get("{http://www.w3.org/1999/xlink}href") for element in root.iter(f"{SVG}use")]
        clips = [element.attrib["clip-path"] for element in root.iter() if "clip-path" in element.attrib]
        assert links
        assert clips
        assert {str(link) for link in links} <= {f"#{name}" for name in own}
        assert set(clips) <= {f"url(#{name})" for name in own}
        ids += own
    assert len(ids) == len(set(ids))


def test_the_same_figure_is_the_same_to_the_byte_and_settings_come_back() -> None:
    import matplotlib as mpl

    first = _drawn("one")
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.hashsalt": "other"}):
        before = dict(mpl.rcParams)
        assert _drawn("one") == first, "settings of the caller do not matter"
        assert dict(mpl.rcParams) == before
