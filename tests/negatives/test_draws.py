from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
import torch
from scipy import stats

from tenshot.negatives.draws import chance, index, log_uniform, normal, sign, uniform

UNLIKELY = 1e-3


@pytest.mark.parametrize(
    ("draw", "distribution"),
    [
        (partial(uniform, (-1.0, 3.0)), stats.uniform(-1, 4)),
        (partial(log_uniform, (0.01, 2.0)), stats.loguniform(0.01, 2.0)),
        (normal, stats.norm()),
    ],
)
def test_numbers_come_from_their_distributions(draw: partial[float], distribution: stats.rv_continuous) -> None:
    generator = torch.Generator().manual_seed(0)
    drawn = [draw(generator) for _ in range(2000)]
    assert stats.kstest(drawn, distribution.cdf).pvalue > UNLIKELY


def test_choices_are_equally_likely() -> None:
    generator = torch.Generator().manual_seed(0)
    for drawn in ([index(5, generator) for _ in range(2000)], [sign(generator) for _ in range(2000)]):
        _, counts = np.unique(drawn, return_counts=True)
        assert stats.chisquare(counts).pvalue > UNLIKELY
    assert {sign(generator) for _ in range(20)} == {-1, 1}


def test_chances_are_kept_and_sure_things_are_sure() -> None:
    generator = torch.Generator().manual_seed(0)
    hits = sum(chance(0.3, generator) for _ in range(2000))
    assert abs(hits - 600) < 4 * math.sqrt(2000 * 0.3 * 0.7)
    assert not any(chance(0.0, generator) for _ in range(50))
    assert all(chance(1.0, generator) for _ in range(50))
