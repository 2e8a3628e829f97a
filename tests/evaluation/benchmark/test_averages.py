from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import pytest

from tenshot.evaluation.benchmark.averages import Averages, difference, mean_by_seed

if TYPE_CHECKING:
    from tenshot.evaluation.benchmark.schema import Results

EXACT = {"abs": 1e-12}


def _without(results: Results, **wanted: object) -> Results:
    kept = [cell for cell in results.cells if any(getattr(cell, key) != value for key, value in wanted.items())]
    return results.model_copy(update={"cells": tuple(kept)})


def test_a_mean_is_formed_for_every_seed_that_all_products_have() -> None:
    assert mean_by_seed([{0: 0.5, 1: 0.25}, {1: 0.75, 2: 1.0}]) == {1: 0.5}
    assert mean_by_seed([]) == {}


def test_differences_are_paired_by_seed() -> None:
    assert difference({0: 0.5, 1: 0.75, 3: 1.0}, {1: 0.25, 0: 0.5}) == [0.0, 0.5]


def test_means_over_products_agree_with_the_cells(made_up: Results) -> None:
    averages = Averages(made_up)
    cells = [
        cell
        for cell in made_up.cells
        if (cell.detector, cell.shots, cell.condition) == ("paper", 5, "plain") and cell.aupro is not None
    ]
    expected = {seed: statistics.fmean(cell.aupro or 0 for cell in cells if cell.seed == seed) for seed in range(5)}
    assert averages.mean("aupro", "paper", 5) == pytest.approx(expected, **EXACT)
    assert {cell.set for cell in cells} == set(averages.common_sets("aupro"))


def test_columns_are_ascending_and_all_images_come_last(made_up: Results) -> None:
    averages = Averages(made_up)
    assert averages.shots() == (1, 2, 5, 10, None)
    assert averages.shots("rotate:both") == (10,)
    assert averages.measured(10, "blur:2") == ("nearest", "adaptive", "paper", "paper untrained")
    assert averages.measured(None) == ("student",)


def test_a_product_that_one_detector_lacks_counts_for_none(made_up: Results) -> None:
    averages = Averages(_without(made_up, set="pill", detector="gaussian", shots=2, condition="plain"))
    assert "pill" not in averages.common_sets("image_auroc")
    assert averages.gaps("image_auroc") == ("pill (not, or not at every number of shots: gaussian)",)
    assert Averages(made_up).gaps("image_auroc") == ()


def test_a_metric_that_a_product_cannot_have_is_no_gap(made_up: Results) -> None:
    averages = Averages(made_up)
    assert "transistor" not in averages.common_sets("aupro")
    assert averages.gaps("aupro") == ()
    assert averages.of("aupro", "transistor", "nearest", 10) == {}


def test_nothing_measured_gives_nothing(made_up: Results) -> None:
    averages = Averages(made_up.model_copy(update={"cells": ()}))
    assert averages.shots() == ()
    assert averages.common_sets("image_auroc") == ()
    assert averages.mean("image_auroc", "nearest", 1) == {}
