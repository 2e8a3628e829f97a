from __future__ import annotations

import statistics

import pytest

from tenshot.evaluation.tables import markdown_table, mean_spread, median_spread


def test_columns_line_up_and_bars_are_escaped() -> None:
    table = markdown_table(["set", "a|b"], [["bottle", "1"], ["x", "22"]])
    assert table.splitlines() == [
        "| set    | a\\|b |",
        "| :----- | ---: |",
        "| bottle |    1 |",
        "| x      |   22 |",
    ]


def test_a_table_may_be_empty_but_not_ragged() -> None:
    assert len(markdown_table(["set", "figure"], []).splitlines()) == 2
    with pytest.raises(ValueError, match="argument"):
        markdown_table(["set", "figure"], [["bottle"]])


def test_a_mean_carries_its_sample_deviation() -> None:
    values = [0.9, 0.95, 0.97]
    assert mean_spread(values) == f"{statistics.mean(values):.3f} ± {statistics.stdev(values):.3f}"
    assert mean_spread([0.5]) == "0.500"
    assert mean_spread([0.5], sign=True, digits=1) == "+0.5"
    assert mean_spread([]) == "–"


def test_a_median_carries_its_quartiles() -> None:
    assert median_spread([1, 2, 3, 4, 5]) == "3.00 [2.00–4.00]"
    assert median_spread([1, 9], digits=0, unit=" ms") == "5 ms"
    assert median_spread([]) == "–"
