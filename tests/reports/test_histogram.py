from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenshot.reports.histogram import histogram

scores = st.lists(st.floats(0, 1e6), max_size=30)


@given(normal=scores, inspected=scores, threshold=st.floats(0, 1e6) | st.just(math.inf))
def test_every_score_is_counted_on_its_side_of_the_threshold(
    normal: list[float], inspected: list[float], threshold: float
) -> None:
    chart = histogram(normal, inspected, threshold=threshold)
    if not normal and not inspected:
        assert chart is None
        return
    assert chart is not None
    for bars, values in ((chart.normal, normal), (chart.inspected, inspected)):
        assert sum(bar.count for bar in bars if bar.flagged) == sum(value > threshold for value in values)
        assert sum(bar.count for bar in bars if not bar.flagged) == sum(value <= threshold for value in values)
        assert all(-0.01 <= bar.left <= bar.left + bar.width <= 100.01 for bar in bars)
    assert (chart.threshold is None) == math.isinf(threshold)
    assert all(0 <= tick.left <= 100 for tick in chart.ticks)


def test_counts_agree_with_numpy_on_the_edges_it_reports() -> None:
    values = np.random.default_rng(0).gamma(4, 2, 200)
    chart = histogram([], values.tolist(), threshold=9.0)
    assert chart is not None
    assert not chart.logarithmic
    for bar in chart.inspected:
        assert bar.count == ((values > bar.low) & (values <= bar.high)).sum()


def test_a_score_equal_to_the_threshold_is_normal() -> None:
    chart = histogram([], [1.0, 2.0, 3.0], threshold=2.0)
    assert chart is not None
    assert [bar.flagged for bar in chart.inspected] == [False, False, True]


@pytest.mark.parametrize(
    ("inspected", "logarithmic"),
    [([0.1, 30.0], True), ([5.0, 9.0], False), ([0.0, 30.0], False), ([1e-6, 30.0], False)],
)
def test_the_axis_follows_the_data(inspected: list[float], logarithmic: bool) -> None:
    chart = histogram([1.0], inspected, threshold=2.0)
    assert chart is not None
    assert chart.logarithmic is logarithmic
    assert 2 <= len(chart.ticks) <= 8


@pytest.mark.parametrize("value", [0.0, 5.0, 1e-9])
def test_a_single_score_is_a_slim_bar_in_the_middle(value: float) -> None:
    chart = histogram([], [value], threshold=math.inf)
    assert chart is not None
    [bar] = chart.inspected
    assert bar.width < 5
    assert 40 < bar.left < 60


def test_scores_that_are_no_numbers_are_left_out() -> None:
    chart = histogram([], [1.0, math.nan, math.inf], threshold=2.0)
    assert chart is not None
    assert sum(bar.count for bar in chart.inspected) == 1


def test_a_score_on_an_edge_belongs_to_the_bar_below_it() -> None:
    chart = histogram([], [0.0, 5.0, 36.0], threshold=18.0)
    assert chart is not None
    assert [(bar.low, bar.high) for bar in chart.inspected] == [(-1.0, 0.0), (4.0, 5.0), (35.0, 36.0)]
