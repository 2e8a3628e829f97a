from __future__ import annotations

import itertools
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_recall_curve

from tenshot.core.errors import InputError, MissingError
from tenshot.metrics import average_precision, f1_max, image_auroc

JUDGED = st.lists(st.tuples(st.booleans(), st.integers(-4, 4)), min_size=2, max_size=30).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)


@given(JUDGED)
def test_auroc_counts_the_pairs_in_order(rows: list[tuple[bool, int]]) -> None:
    labels, scores = zip(*rows, strict=True)
    bad = [score for label, score in rows if label]
    good = [score for label, score in rows if not label]
    pairs = [(b > g) + (b == g) / 2 for b, g in itertools.product(bad, good)]
    assert image_auroc(labels, scores) == pytest.approx(sum(pairs) / len(pairs))


@given(JUDGED)
def test_average_precision_by_its_definition(rows: list[tuple[bool, int]]) -> None:
    labels, scores = map(np.array, zip(*rows, strict=True))
    total, recall_before = 0.0, 0.0
    for threshold in sorted(set(scores.tolist()), reverse=True):
        flagged = scores >= threshold
        recall = (labels & flagged).sum() / labels.sum()
        total += (recall - recall_before) * (labels & flagged).sum() / flagged.sum()
        recall_before = recall
    assert average_precision(labels, scores) == pytest.approx(total)


@given(JUDGED)
def test_best_f1_is_that_of_the_best_threshold(rows: list[tuple[bool, int]]) -> None:
    labels, scores = map(np.array, zip(*rows, strict=True))
    tried = [f1_score(labels, scores >= threshold) for threshold in np.unique(scores)]
    assert f1_max(labels, scores) == pytest.approx(max(tried))
    precision, recall, _ = precision_recall_curve(labels, scores)
    total = precision + recall
    means = np.divide(2 * precision * recall, total, out=np.zeros_like(total), where=total > 0)
    assert f1_max(labels, scores) == pytest.approx(means.max())


def test_best_f1_by_hand() -> None:
    assert f1_max([1, 1, 0, 0], [4, 3, 2, 1]) == 1
    assert f1_max([1, 1, 0, 0], [4, 2, 3, 1]) == pytest.approx(0.8)  # from 2 upwards: two found, one false alarm
    assert f1_max([1, 0, 0, 0], [0, 0, 0, 0]) == pytest.approx(2 * 0.25 / 1.25)


@pytest.mark.parametrize("metric", [image_auroc, average_precision, f1_max])
def test_scale_does_not_count(metric: type[image_auroc]) -> None:
    random = np.random.default_rng(0)
    labels, scores = random.random(200) < 0.4, random.random(200)
    for scale in (1e-30, 1e-4, 1e2, 1e9):
        assert metric(labels, scores * scale) == metric(labels, scores)
        assert metric(labels, scores * scale - 5 * scale) == pytest.approx(metric(labels, scores))


@pytest.mark.parametrize("metric", [image_auroc, average_precision, f1_max])
@pytest.mark.parametrize(
    ("labels", "scores", "words"),
    [
        ([0, 1], [0.1, np.nan], "1 NaN"),
        ([0, 1], [0.1, np.inf], "finite"),
        ([0, 0, 0], [1, 2, 3], "0 anomalous of 3"),
        ([1, 1], [1, 2], "2 anomalous of 2"),
        ([], [], "0 anomalous of 0"),
        ([0, 1], [1, 2, 3], "one length"),
        ([[0, 1]], [[1, 2]], "one length"),
        ([0, 2], [1, 2], "0 or 1, got"),
    ],
)
def test_refused(metric: type[image_auroc], labels: list[int], scores: list[float], words: str) -> None:
    with pytest.raises(InputError, match=words):
        metric(labels, scores)


def test_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MissingError, match=r"tenshot\[eval\]"):
        image_auroc([0, 1], [0, 1])
