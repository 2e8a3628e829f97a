from __future__ import annotations

import re
import statistics
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

from tenshot.evaluation.benchmark.drawing import COLOURS
from tenshot.evaluation.benchmark.plots import plots

if TYPE_CHECKING:
    from tenshot.evaluation.benchmark.plots import Plot
    from tenshot.evaluation.benchmark.schema import Results

SVG = "{http://www.w3.org/2000/svg}"
KEYS = [
    "shots-image-auroc",
    "shots-pixel-auroc",
    "products-image-auroc",
    "products-pixel-auroc",
    "speed",
    "false-alarms",
]


def _root(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - we have just written it


def _all(results: Results) -> dict[str, Plot]:
    return {plot.key: plot for plot in plots(results)}


def _texts(plot: Plot) -> list[str]:
    return [element.text or "" for element in _root(plot.svg).iter(f"{SVG}text")]


def _description(plot: Plot) -> str:
    description = _root(plot.svg).find(f"{SVG}desc")
    assert description is not None
    return description.text or ""


def _bars(plot: Plot, colour: str) -> list[float]:
    """Widths of the bars of one colour, in units of the picture."""
    paths = [path.get("d", "") for path in _root(plot.svg).iter(f"{SVG}path") if path.get("fill") == colour]
    corners = [[float(number) for number in re.findall(r"[ML] (\S+) ", path)] for path in paths]
    return [max(across) - min(across) for across in corners if across]


@pytest.fixture(scope="module")
def drawn(made_up: Results) -> dict[str, Plot]:
    return _all(made_up)


def test_results_with_everything_give_every_picture(drawn: dict[str, Plot]) -> None:
    assert list(drawn) == KEYS


def test_the_same_results_give_the_same_bytes(made_up: Results, drawn: dict[str, Plot]) -> None:
    assert tuple(drawn.values()) == plots(type(made_up).model_validate_json(made_up.model_dump_json()))


def test_every_detector_is_named_in_every_picture(made_up: Results, drawn: dict[str, Plot]) -> None:
    for plot in drawn.values():
        assert {each.name for each in made_up.detectors} <= set(_texts(plot)), plot.key


def test_lines_pass_through_the_means(made_up: Results, drawn: dict[str, Plot]) -> None:
    """Heights of the markers are an affine picture of the means over products."""
    plot = drawn["shots-image-auroc"]
    marks = [
        use
        for use in _root(plot.svg).iter(f"{SVG}use")
        if use.get("fill") == COLOURS[1] and "fill-opacity" not in use.attrib
    ]
    heights = [float(use.attrib["y"]) for use in marks[:4]]
    means = [
        statistics.fmean(
            cell.image_auroc
            for cell in made_up.cells
            if (cell.detector, cell.shots, cell.condition) == ("adaptive", shots, "plain")
        )
        for shots in (1, 2, 5, 10)
    ]
    assert statistics.correlation(heights, means) < -0.999999, "the y axis of SVG points down"


def test_bars_are_as_long_as_the_figures_are_above_chance(made_up: Results, drawn: dict[str, Plot]) -> None:
    plot = drawn["products-image-auroc"]
    lengths = _bars(plot, COLOURS[0])[: len(made_up.sets)]
    above = [
        statistics.fmean(
            cell.image_auroc
            for cell in made_up.cells
            if (cell.set, cell.detector, cell.shots, cell.condition) == (each.name, "nearest", 10, "plain")
        )
        - 0.5
        for each in made_up.sets
    ]
    assert len(lengths) == 6
    ratios = [length / value for length, value in zip(lengths, above, strict=True)]
    assert max(ratios) / min(ratios) < 1.0001


def test_descriptions_carry_the_figures(drawn: dict[str, Plot]) -> None:
    assert "nearest: 0.712 ± 0.002 at 1 shot" in _description(drawn["shots-image-auroc"])
    assert "from all images" in _description(drawn["shots-image-auroc"])
    assert "adaptive: 24.0 ms" in _description(drawn["speed"])
    assert "transistor" not in _description(drawn["products-pixel-auroc"]), "it has no masks"
    assert drawn["speed"].title.endswith("10 shots, student: all images"), "they learn from different images"
    assert re.search(r"student: \d\.\d % on average", _description(drawn["false-alarms"]))


def test_what_was_not_measured_gives_no_picture(made_up: Results) -> None:
    assert plots(made_up.model_copy(update={"cells": (), "costs": ()})) == ()
    without_costs = made_up.model_copy(update={"costs": ()})
    assert list(_all(without_costs)) == [key for key in KEYS if key != "speed"]
    bare = tuple(cell for cell in made_up.cells if cell.pixel_auroc is None)
    assert list(_all(made_up.model_copy(update={"cells": bare}))) == [key for key in KEYS if "pixel" not in key]


def test_one_seed_one_shot_one_product_are_enough(made_up: Results) -> None:
    cells = tuple(
        cell
        for cell in made_up.cells
        if (cell.set, cell.shots, cell.seed, cell.condition) == ("bottle", 10, 0, "plain")
    )
    assert list(_all(made_up.model_copy(update={"cells": cells, "sets": made_up.sets[:1]}))) == KEYS


def test_trained_on_all_images_alone_is_enough(made_up: Results) -> None:
    cells = tuple(cell for cell in made_up.cells if cell.shots is None)
    alone = made_up.model_copy(update={"cells": cells, "detectors": made_up.detectors[-1:]})
    assert list(_all(alone)) == [key for key in KEYS if not key.startswith("shots")]
    assert "all images" in _all(alone)["products-image-auroc"].title


def test_names_are_words_and_nothing_else(made_up: Results) -> None:
    names = ["_hidden $x^2$", "</svg><script>alert(1)</script>", "瓶\x00\n" * 30]
    renamed = dict(zip(("nearest", "adaptive", "gaussian"), names, strict=True))
    detectors = tuple(each.model_copy(update={"name": renamed.get(each.name, each.name)}) for each in made_up.detectors)
    cells = tuple(
        cell.model_copy(update={"detector": renamed.get(cell.detector, cell.detector)}) for cell in made_up.cells
    )
    plot = _all(made_up.model_copy(update={"detectors": detectors, "cells": cells}))["products-image-auroc"]
    assert "<script" not in plot.svg
    assert "\x00" not in plot.svg
    assert set(names[:2]) <= set(_texts(plot))
    assert any(text.startswith("瓶��瓶") and len(text) <= 34 for text in _texts(plot))


def test_more_detectors_than_colours_still_differ(made_up: Results) -> None:
    copies = [
        each.model_copy(update={"name": f"{each.name} {copy}"}) for copy in range(4) for each in made_up.detectors
    ]
    cells = [
        cell.model_copy(update={"detector": f"{cell.detector} {copy}"}) for copy in range(4) for cell in made_up.cells
    ]
    many = made_up.model_copy(update={"detectors": tuple(copies), "cells": tuple(cells)})
    assert {each.name for each in copies} <= set(_texts(_all(many)["shots-image-auroc"]))
