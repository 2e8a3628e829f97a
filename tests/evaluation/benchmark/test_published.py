from __future__ import annotations

import itertools

import pytest

from tenshot.data.known.mvtec_ad import MVTEC_AD
from tenshot.evaluation.benchmark import published
from tenshot.evaluation.benchmark.schema import SetInfo


def _set(name: str, about: str) -> SetInfo:
    return SetInfo(
        name=name,
        about=about,
        train=1,
        test_good=1,
        test_bad=1,
        has_masks=False,
        lacks="",
        digest="",
        support={},
    )


@pytest.mark.parametrize(
    ("method", "miou", "pixel_auroc"),
    [("paper", 0.211, 0.843), ("MAML-AE", 0.075, 0.671), ("AE (SSIM)", 0.215, 0.869), ("AE (MSE)", 0.327, 0.817)],
)
def test_the_columns_of_table_1_add_up(method: str, miou: float, pixel_auroc: float) -> None:
    # Sums of the printed columns, formed apart from this module; a cell read wrongly changes them.
    row = published.LOCALISATION[method]
    assert len(row) == 15
    assert published.mean_figure(row) == pytest.approx((miou, pixel_auroc), abs=5e-4)


def test_tables_that_repeat_a_figure_of_table_1_agree_with_it() -> None:
    ours = published.LOCALISATION["paper"]
    repeated = (published.ROTATION["plain"], published.CONTAMINATION["plain"], published.RECEPTIVE_FIELD["l = 3"])
    differences = [
        (name, figure, ours[name]) for row in repeated for name, figure in row.items() if figure != ours[name]
    ]
    # The paper contradicts itself here; we keep what each table prints.
    assert differences == [("grid", (0.12, 0.81), (0.12, 0.82))] * 2
    for name, (miou, pixel_auroc, _) in published.SPARSITY["paper"].items():
        assert (miou, pixel_auroc) == ours[name]


def test_more_contamination_never_helps() -> None:
    rows = list(published.CONTAMINATION.values())
    for before, after in itertools.pairwise(rows):
        assert all(after[name] <= before[name] for name in before)
        assert all(after[name].pixel_auroc <= before[name].pixel_auroc for name in before)


def test_the_pill_of_an_earlier_version_does_not_pass_for_the_final_one() -> None:
    assert published.EARLIER_ROTATION["plain"] != published.LOCALISATION["paper"]["pill"]
    assert all("pill" not in row for row in published.ROTATION.values())


def test_a_mean_may_be_over_some_products() -> None:
    row = published.LOCALISATION["paper"]
    assert published.mean_figure(row, ["bottle", "pill"]) == pytest.approx((0.17, 0.85))
    with pytest.raises(KeyError):
        published.mean_figure(row, ["magnetic tile"])


def test_only_sets_of_mvtec_have_published_figures() -> None:
    assert published.category_of(_set("metal_nut", "From MVTec AD.")) == "metal nut"
    assert published.category_of(_set("mvtec_ad/pill", MVTEC_AD.about)) == "pill", "as the catalogue names it"
    assert published.category_of(_set("cable", "")) is None, "a folder of somebody's own"
    assert published.category_of(_set("magnetic_tile", "not MVTec AD")) is None
