from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tenshot.calibration import Predictive, fit_predictive, outliers
from tenshot.core.errors import InputError

SCORES = st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=12)
SPREAD, WEIGHT = 0.2, 4.0


def textbook(scores: list[float]) -> stats.rv_continuous:
    """The posterior predictive of a normal with flat prior on the mean and scaled inverse χ² on the variance."""
    logs = np.log(scores)
    freedom = WEIGHT + len(logs) - 1
    variance = (WEIGHT * SPREAD**2 + ((logs - logs.mean()) ** 2).sum()) / freedom
    return stats.t(df=freedom, loc=logs.mean(), scale=math.sqrt(variance * (1 + 1 / len(logs))))


def fit(scores: list[float]) -> Predictive:
    return fit_predictive(scores, prior_spread=SPREAD, prior_weight=WEIGHT)


@given(SCORES, st.floats(1e-6, 0.999), st.floats(1e-3, 1e3))
def test_threshold_and_p_value_are_those_of_students_t(scores: list[float], rate: float, score: float) -> None:
    expected, fitted = textbook(scores), fit(scores)
    assert math.log(fitted.threshold(rate)) == pytest.approx(min(expected.isf(rate), 700), rel=1e-6, abs=1e-6)
    assert fitted.p_value(score) == pytest.approx(max(expected.sf(math.log(score)), 1e-12), rel=1e-6)


@given(SCORES, st.floats(1e-4, 0.999))
def test_the_threshold_has_the_wanted_p_value(scores: list[float], rate: float) -> None:
    fitted = fit_predictive(scores)
    assert fitted.p_value(fitted.threshold(rate)) == pytest.approx(rate, rel=1e-6)


@given(SCORES)
def test_a_lower_rate_needs_a_higher_threshold(scores: list[float]) -> None:
    thresholds = [fit_predictive(scores).threshold(rate) for rate in (0.5, 0.2, 0.05, 0.01, 1e-3)]
    assert thresholds == sorted(thresholds)
    assert thresholds[0] == pytest.approx(math.exp(np.log(scores).mean())), "half of all are above the median"


@given(SCORES, st.floats(1e-2, 1e2))
def test_the_unit_of_scores_does_not_count(scores: list[float], unit: float) -> None:
    scaled = fit_predictive([score * unit for score in scores])
    assert scaled.threshold(0.05) == pytest.approx(unit * fit_predictive(scores).threshold(0.05))


def unseen(count: int, spreads: np.ndarray, seed: int) -> list[tuple[list[float], float]]:
    """Products whose normal scores are log-normal: some scores, and the next one."""
    random = np.random.default_rng(seed)
    logs = random.normal(size=(len(spreads), count + 1)) * spreads[:, None] + random.normal(size=(len(spreads), 1))
    return [(row[:-1].tolist(), float(row[-1])) for row in np.exp(logs)]


@pytest.mark.parametrize("count", [1, 2, 4, 10])
def test_over_products_as_the_prior_has_them_p_values_are_uniform(count: int) -> None:
    spreads = SPREAD * np.sqrt(WEIGHT / stats.chi2(WEIGHT).rvs(3000, random_state=1))
    values = [fit(scores).p_value(following) for scores, following in unseen(count, spreads, seed=count)]
    assert stats.kstest(values, "uniform").pvalue > 0.01
    for rate in (0.01, 0.05, 0.2):
        tolerance = 4 * math.sqrt(rate * (1 - rate) / 3000)
        assert np.mean(np.array(values) < rate) == pytest.approx(rate, abs=tolerance)


@pytest.mark.parametrize("spread", [0.1, 0.15, 0.2, 0.25])
@pytest.mark.parametrize("count", [2, 4, 10])
def test_the_shipped_prior_keeps_the_false_alarm_rate_of_products_like_the_measured_ones(
    count: int, spread: float
) -> None:
    alarms = [
        following > fit_predictive(scores).threshold(0.05)
        for scores, following in unseen(count, np.full(3000, spread), seed=7)
    ]
    assert np.mean(alarms) < 0.12
    assert count < 10 or np.mean(alarms) > 0.02, "few scores lean on the prior, and err on the quiet side"


def test_without_a_prior_to_speak_of_the_textbook_interval_covers_exactly() -> None:
    cases = unseen(10, np.full(4000, 0.7), seed=3)
    alarms = [
        following > fit_predictive(scores, prior_spread=1e-3, prior_weight=1e-9).threshold(0.05)
        for scores, following in cases
    ]
    assert np.mean(alarms) == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / 4000))


def test_one_score_says_where_and_the_prior_how_far() -> None:
    fitted = fit([2.0])
    assert fitted.location == pytest.approx(math.log(2))
    assert fitted.freedom == WEIGHT
    assert fitted.scale == pytest.approx(SPREAD * math.sqrt(2))
    assert fit([2.0]).threshold(0.05) > fit([2.0] * 10).threshold(0.05) > 2


def test_many_scores_leave_the_prior_little_to_say() -> None:
    logs = np.random.default_rng(0).normal(1, 0.6, 2000)
    fitted = fit_predictive(np.exp(logs).tolist())
    assert fitted.scale == pytest.approx(logs.std(ddof=1), rel=0.01)


def test_a_score_of_zero_has_a_logarithm_here() -> None:
    fitted = fit_predictive([0.0, 1.0])
    assert 0 < fitted.threshold(0.05) < math.inf
    assert 0 < fitted.p_value(0.0) <= 1


@pytest.mark.parametrize("scores", [[1.0], [0.0, 1e6]])
@pytest.mark.parametrize("rate", [1e-300, 1e-17, 1e-9, 1 - 1e-12])
def test_extreme_rates_give_finite_thresholds(scores: list[float], rate: float) -> None:
    assert 0 <= fit_predictive(scores).threshold(rate) < math.inf


def test_p_values_never_vanish() -> None:
    assert 0 < fit_predictive([1.0] * 10).p_value(1e300) < 1e-9


@pytest.mark.parametrize("rate", [0, 1, -0.1, 1.5, math.nan])
def test_rates_outside_0_and_1_are_refused(rate: float) -> None:
    with pytest.raises(InputError, match="false-alarm rate: expected a number between 0 and 1, got"):
        fit_predictive([1.0]).threshold(rate)


@pytest.mark.parametrize("scores", [[], [1.0, -0.1], [math.nan], [1.0, math.inf]])
def test_scores_that_are_none_are_refused(scores: list[float]) -> None:
    with pytest.raises(InputError, match="calibration: expected at least one finite score >= 0, got"):
        fit_predictive(scores)


def test_a_stranger_is_found_by_what_the_others_expect() -> None:
    scores = [1.0, 1.1, 0.95, 1.05, 6.0, 1.02, 0.9]
    assert outliers(scores) == (4,)
    assert outliers([*scores[:4], *scores[5:]]) == ()
    assert outliers([1.0, 50.0, 1.0]) == (), "three scores cannot vote one of them out"
    assert outliers([]) == ()


def test_a_very_calm_image_is_no_stranger() -> None:
    assert outliers([1.0, 1.1, 0.95, 1.05, 0.01]) == ()
