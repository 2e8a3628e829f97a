from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tenshot.cli.demo import draw_cells, tally
from tenshot.cli.scoring import Run, Verdict
from tenshot.data.elpv import SolarCell, read_elpv

if TYPE_CHECKING:
    from conftest import Bench

CELLS = [
    SolarCell(Path(f"{kind}{probability}-{number}.png"), probability, kind)
    for kind in ("mono", "poly")
    for probability in (0.0, 1 / 3, 1.0)
    for number in range(50)
]


def test_ten_functional_cells_and_fifty_others_half_of_them_defective() -> None:
    drawn = draw_cells(CELLS)
    assert len(drawn.normal) == 10
    assert len(drawn.queries) == len(drawn.truth) == 50
    assert not set(drawn.normal) & set(drawn.queries)
    assert sorted(drawn.truth.values()).count("defective") == 25
    known = {cell.path: cell for cell in CELLS}
    assert all(known[path].probability == 0 for path in drawn.normal)
    for path in drawn.queries:
        assert known[path].kind == "mono"
        assert known[path].probability == {"functional": 0, "defective": 1}[drawn.truth[str(path)]]


def test_the_draw_is_repeatable_and_the_seed_decides() -> None:
    assert draw_cells(CELLS) == draw_cells(list(CELLS))
    assert draw_cells(CELLS, seed=1).normal != draw_cells(CELLS, seed=2).normal


def test_verdicts_are_counted_against_the_truth() -> None:
    verdicts = [
        Verdict("a", 0.9, 0.001, is_anomalous=True),
        Verdict("b", 0.4, 0.3, is_anomalous=False),
        Verdict("c", 0.6, 0.01, is_anomalous=True),
        Verdict("d", 0.4, 0.3, is_anomalous=False),
    ]
    truth = {"a": "defective", "b": "defective", "c": "functional", "d": "functional"}
    counted = tally(Run(Path("out"), verdicts=verdicts), truth)
    assert (counted.caught, counted.defective, counted.false_alarms, counted.functional) == (1, 2, 1, 2)
    # a > c, a > d, b < c, b = d: two and a half of four.
    assert counted.ranked == pytest.approx(2.5 / 4)
    assert "1 of 2 defective cells caught, 1 of 2 functional cells flagged" in str(counted)


def test_the_share_of_pairs_is_the_area_under_the_curve() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    scores = [0.1, 0.5, 0.5, 0.2, 0.8, 0.3, 0.5]
    labels = [0, 0, 1, 0, 1, 1, 0]
    verdicts = [Verdict(str(n), score, 0.5, is_anomalous=False) for n, score in enumerate(scores)]
    truth = {str(n): "defective" if label else "functional" for n, label in enumerate(labels)}
    counted = tally(Run(Path("out"), verdicts=verdicts), truth)
    assert counted.ranked == pytest.approx(metrics.roc_auc_score(labels, scores))


@pytest.mark.usefixtures("elpv")
def test_the_demonstration(bench: Bench) -> None:
    result = bench.run("demo", "-o", "results")
    assert result.exit_code == 0, result.stderr
    assert len(bench.scores()) == 50
    assert "Against the experts: " in result.stdout
    assert "CC BY-NC-SA 4.0" in result.stdout
    assert "Deitsch" in result.stdout
    assert result.stdout.splitlines()[-1] == "Report: results/report.html"
    truth = {Path(name).name: kind for name, kind in draw_cells(read_elpv()).truth.items()}
    right = sum((row["is_anomalous"] == "true") == (truth[name] == "defective") for name, row in bench.scores().items())
    assert right >= 35
