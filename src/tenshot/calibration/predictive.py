"""A threshold, a p-value and a map scale from normal scores alone.

Scores of normal images are positive and skewed; their logarithms are close to normal. With n leave-one-out scores and
an unknown mean and spread, the next normal score follows Student's t around their mean: the textbook prediction
interval, which already pays for n being small. Two or three scores say next to nothing about a spread, so the spread
starts from a prior worth a few scores (normal-inverse-gamma); with ten it has little left to say, with one it says
everything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenshot.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Predictive", "fit_predictive", "outliers"]

PRIOR_SPREAD = 0.15
PRIOR_WEIGHT = 3.0
TINY = 1e-12
LARGEST_LOG = 700.0  # what a float still holds
OUTLIER = 0.005
MANY = 4


@dataclass(frozen=True, slots=True)
class Predictive:
    """Where the next normal score is expected: Student's t on the logarithm of the score.

    Attributes:
        location: mean log score of the normals.
        scale: spread of the next log score, the uncertainty of ``location`` included; > 0.
        freedom: degrees of freedom, > 0.
    """

    location: float
    scale: float
    freedom: float

    def threshold(self, false_alarm_rate: float) -> float:
        """The score that a normal image exceeds with the given probability.

        Args:
            false_alarm_rate: in (0, 1).

        Raises:
            InputError: for a rate outside (0, 1).
        """
        from scipy.special import stdtrit

        if not 0 < false_alarm_rate < 1:
            msg = f"false-alarm rate: expected a number between 0 and 1, got {false_alarm_rate}"
            raise InputError(msg)
        # The lower tail, mirrored: 1 - rate would round a small rate away.
        log_score = self.location - self.scale * float(stdtrit(self.freedom, false_alarm_rate))
        return math.exp(min(log_score, LARGEST_LOG))

    def p_value(self, score: float) -> float:
        """Estimated probability that a normal image scores at least ``score``; in (0, 1]."""
        from scipy.special import stdtr

        standardised = (math.log(max(score, TINY)) - self.location) / self.scale
        return max(float(stdtr(self.freedom, -standardised)), TINY)


def fit_predictive(
    scores: Sequence[float], *, prior_spread: float = PRIOR_SPREAD, prior_weight: float = PRIOR_WEIGHT
) -> Predictive:
    """Fits the predictive distribution of the next normal score.

    With log scores x, prior spread s₀ of weight ν₀ and sample variance s²: freedom ν = ν₀ + n - 1, variance
    (ν₀ s₀² + (n - 1) s²) / ν, scale² = variance · (1 + 1/n).

    Args:
        scores: at least one normal score ≥ 0 (those of held-out normals, not of memorised ones).
        prior_spread: s₀, typical standard deviation of a log score over products; > 0.
        prior_weight: ν₀, how many scores the prior is worth; > 0.

    Raises:
        InputError: without scores, or for a negative or non-finite one.
    """
    if not scores or not all(math.isfinite(score) and score >= 0 for score in scores):
        msg = f"calibration: expected at least one finite score >= 0, got {list(scores)[:5]}"
        raise InputError(msg)
    logs = [math.log(max(score, TINY)) for score in scores]
    n = len(logs)
    mean = math.fsum(logs) / n
    squares = math.fsum((x - mean) ** 2 for x in logs)
    freedom = prior_weight + n - 1
    variance = (prior_weight * prior_spread**2 + squares) / freedom
    return Predictive(location=mean, scale=math.sqrt(variance * (1 + 1 / n)), freedom=freedom)


def outliers(scores: Sequence[float]) -> tuple[int, ...]:
    """Which normal scores the other ones do not expect: their p-value, fitted without them, is below 0.5 %.

    Args:
        scores: leave-one-out scores of the normals; with fewer than four nothing is called an outlier.
    """
    if len(scores) < MANY:
        return ()
    others = [[*scores[:i], *scores[i + 1 :]] for i in range(len(scores))]
    return tuple(i for i, rest in enumerate(others) if fit_predictive(rest).p_value(scores[i]) < OUTLIER)
