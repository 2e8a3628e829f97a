from __future__ import annotations

import re
import statistics
from typing import TYPE_CHECKING

import pytest

from tenshot.evaluation.benchmark.markdown import summary, tables
from tenshot.evaluation.tables import mean_spread

if TYPE_CHECKING:
    from tenshot.evaluation.benchmark.schema import Cell, Results

EVIL = "a|b <script>alert(1)</script>\n# head ![x](http://x) `c` \x1b[31m"


def _section(text: str, title: str) -> str:
    level = re.search(rf"^(#+) {re.escape(title)}$", text, re.MULTILINE)
    assert level is not None, title
    rest = text[level.end() :]
    return re.split(rf"^#{{1,{len(level[1])}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def _rows(text: str, caption: str) -> dict[str, list[str]]:
    """Cells of the table under a caption, by the first cell of their row; the head is the row of its first cell."""
    table = text.split(f"**{caption}**\n\n", 1)[1].split("\n\n", 1)[0]
    lines = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()]
    return {first: rest for first, *rest in lines}


def _cells(results: Results, detector: str, shots: int | None, condition: str = "plain") -> list[Cell]:
    wanted = (detector, shots, condition)
    return [cell for cell in results.cells if (cell.detector, cell.shots, cell.condition) == wanted]


def _means(cells: list[Cell], metric: str) -> list[float]:
    """Means over products for each seed, without any code of the module under test."""
    return [
        statistics.fmean(value for cell in cells if cell.seed == seed and (value := getattr(cell, metric)) is not None)
        for seed in sorted({cell.seed for cell in cells})
    ]


def test_the_summary_is_the_mean_over_products_with_the_spread_over_seeds(made_up: Results) -> None:
    rows = _rows(_section(tables(made_up), "At a glance"), "AUPRO (FPR ≤ 0.3)")
    assert rows["detector"] == ["learns from", "1 shot", "2 shots", "5 shots", "10 shots", "all images"]
    assert rows["paper"][0] == "other products + K images"
    assert rows["paper"][3] == mean_spread(_means(_cells(made_up, "paper", 5), "aupro"))
    assert rows["student"][1:] == ["–"] * 4 + [mean_spread(_means(_cells(made_up, "student", None), "aupro"))]


def test_differences_to_nearest_are_paired(made_up: Results) -> None:
    rows = _rows(_section(tables(made_up), "Difference to nearest"), "Image AUROC")
    ours, theirs = (_means(_cells(made_up, name, 2), "image_auroc") for name in ("adaptive", "nearest"))
    paired = [one - other for one, other in zip(ours, theirs, strict=True)]
    assert rows["adaptive"][1] == mean_spread(paired, sign=True)
    assert set(rows) == {"detector", ":" + "-" * 14, "adaptive", "gaussian", "paper", "paper untrained"}


def test_without_nearest_nothing_is_compared_with_it(made_up: Results) -> None:
    cells = tuple(cell for cell in made_up.cells if cell.detector != "nearest")
    detectors = tuple(each for each in made_up.detectors if each.name != "nearest")
    text = tables(made_up.model_copy(update={"cells": cells, "detectors": detectors}))
    assert "Difference to nearest" not in text
    assert "At a glance" in text


def test_every_metric_is_there_by_product_and_shots(made_up: Results) -> None:
    section = _section(tables(made_up), "Pixel AUROC")
    rows = _rows(section, "10 shots")
    values = [cell.pixel_auroc or 0 for cell in _cells(made_up, "adaptive", 10) if cell.set == "capsule"]
    assert rows["capsule"][rows["product"].index("adaptive")] == mean_spread(values)
    assert "transistor" not in rows, "it has no masks"
    assert rows["mean"][0] == mean_spread(_means(_cells(made_up, "nearest", 10), "pixel_auroc"))
    assert _rows(section, "all images")["product"] == ["student"]


def test_false_alarms_stand_beside_the_wanted_rate(made_up: Results) -> None:
    section = _section(tables(made_up), "False alarms")
    rows = _rows(section, "Normal test images flagged, in per cent; wanted 5 %")
    values = [100 * value for value in _means(_cells(made_up, "nearest", 1), "false_alarms")]
    assert rows["nearest"][0] == mean_spread(values, digits=1)
    rows = _rows(section, "Normal test images flagged by product, in per cent, 10 shots or all images")
    values = [100 * cell.false_alarms for cell in _cells(made_up, "student", None) if cell.set == "pill"]
    assert rows["product"][-1] == "student"
    assert rows["pill"][-1] == mean_spread(values, digits=1)


def test_conditions_are_differences_to_plain(made_up: Results) -> None:
    rows = _rows(_section(tables(made_up), "Other conditions"), "Image AUROC, 10 shots")
    changed, plain = (
        _means(_cells(made_up, "nearest", 10, condition), "image_auroc") for condition in ("blur:2", "plain")
    )
    paired = [one - other for one, other in zip(changed, plain, strict=True)]
    assert rows["blur:2"][:2] == ["6", mean_spread(paired, sign=True)]
    assert "gaussian" not in rows["condition"], "it was measured in plain only"


def test_plain_alone_has_no_other_conditions(made_up: Results) -> None:
    plain = tuple(cell for cell in made_up.cells if cell.condition == "plain")
    shared = made_up.protocol.model_copy(update={"conditions": ("plain",)})
    text = tables(made_up.model_copy(update={"cells": plain, "protocol": shared}))
    assert "Other conditions" not in text
    assert "Table B" not in text


def test_published_figures_stand_beside_ours_on_their_own_products(made_up: Results) -> None:
    section = _section(tables(made_up), "Published figures beside ours")
    rows = _rows(section, "Pixel AUROC")
    assert rows["bottle"][-4:] == ["0.82", "0.56", "0.93", "0.86"]
    assert rows["mean of bottle, pill, capsule"][-4:] == ["0.867", "0.620", "0.927", "0.863"]
    assert rows["mean of all 15 of MVTec AD"][-4:] == ["0.843", "0.671", "0.869", "0.817"]
    assert "magnetic_tile" not in section
    assert "images of at most 320 pixels" in section
    elsewhere = tuple(each.model_copy(update={"about": ""}) for each in made_up.sets)
    assert "Published figures" not in tables(made_up.model_copy(update={"sets": elsewhere}))


@pytest.mark.parametrize(("setting", "table"), [("l=3", "Table 3"), ("shrinkage=none", "Table 4")])
def test_published_ablations_stand_beside_our_own(made_up: Results, setting: str, table: str) -> None:
    assert table not in tables(made_up)
    renamed = made_up.detectors[3].model_copy(update={"name": f"paper {setting}"})
    cells = tuple(
        cell.model_copy(update={"detector": renamed.name}) if cell.detector == "paper" else cell
        for cell in made_up.cells
    )
    detectors = (*made_up.detectors[:3], renamed, *made_up.detectors[4:])
    assert table in tables(made_up.model_copy(update={"detectors": detectors, "cells": cells}))


def test_what_is_missing_is_said(made_up: Results) -> None:
    cells = tuple(cell for cell in made_up.cells if (cell.set, cell.detector) != ("pill", "gaussian"))
    text = tables(made_up.model_copy(update={"cells": cells, "costs": ()}))
    assert "Not counted: pill (not, or not at every number of shots: gaussian)." in text
    assert "## Costs" not in text
    assert _rows(_section(text, "Image AUROC"), "5 shots")["pill"][2] == "–"
    assert "- **transistor**: MVTec AD" in text
    assert "Lacking: pixel metrics: not every anomalous image has a mask." in text


def test_costs_are_medians_over_products(made_up: Results) -> None:
    rows = _rows(_section(tables(made_up), "Costs"), "Time and memory")
    assert rows["paper"] == ["10", "1", "2", "12.00", "96.0", "670", "310.0"]
    assert rows["student"][0] == "all"


def test_it_says_where_the_figures_come_from(made_up: Results) -> None:
    section = _section(tables(made_up), "Where these figures come from")
    assert f"\n    {made_up.made.command}\n" in section
    for told in ("0123456789abcdef+", "torch 2.9.1", "scikit-learn not installed", "cores 2", "0, 1, 2, 3, 4"):
        assert told in section


def test_the_same_results_give_the_same_text(made_up: Results) -> None:
    text = tables(made_up)
    assert text == tables(type(made_up).model_validate_json(made_up.model_dump_json()))
    assert text.endswith("|\n")
    assert "None" not in text
    assert "nan" not in text


def test_nothing_measured_still_says_what_was_asked(made_up: Results) -> None:
    text = tables(made_up.model_copy(update={"cells": (), "costs": ()}))
    assert "| magnetic_tile" in text
    assert "mean over none" in text
    assert summary(made_up.model_copy(update={"cells": ()}))


def test_names_are_no_markup(made_up: Results) -> None:
    renamed = made_up.sets[0].model_copy(update={"name": EVIL, "about": f"MVTec {EVIL}"})
    cells = tuple(cell.model_copy(update={"set": EVIL}) if cell.set == "bottle" else cell for cell in made_up.cells)
    made = made_up.made.model_copy(update={"command": f"tenshot {EVIL}"})
    text = tables(made_up.model_copy(update={"sets": (renamed, *made_up.sets[1:]), "cells": cells, "made": made}))
    prose = re.sub(r"^    .*$", "", text, flags=re.MULTILINE)
    assert "<" not in prose
    assert "](" not in prose
    assert "`" not in prose
    assert "\x1b" not in text
    assert "\n# head" not in text
    head, rule, *body = _section(text, "What was measured").split("**Products**\n\n")[1].split("\n\n")[0].splitlines()
    assert {len(re.split(r"(?<!\\)\|", line)) for line in (head, rule, *body)} == {8}
    assert "\x1b" not in summary(made_up.model_copy(update={"sets": (renamed,), "cells": cells}))


def test_the_summary_for_terminals_has_the_same_figures(made_up: Results) -> None:
    assert _rows(summary(made_up).replace("AUPRO (FPR ≤ 0.3)\n", "**AUPRO (FPR ≤ 0.3)**\n"), "AUPRO (FPR ≤ 0.3)") == (
        _rows(_section(tables(made_up), "At a glance"), "AUPRO (FPR ≤ 0.3)")
    )
