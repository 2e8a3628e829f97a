"""Metrics of whole images; areas under curves by scikit-learn (extra ``eval``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tenshot.core.errors import InputError, MissingError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from numpy.typing import NDArray

__all__ = ["average_precision", "f1_max", "image_auroc"]


def image_auroc(labels: Sequence[bool] | NDArray[Any], scores: Sequence[float] | NDArray[Any]) -> float:
    """Chance that an anomalous image scores above a normal one; ties count half.

    Args:
        labels: ``(N,)`` true or 1 = anomalous; both classes present.
        scores: ``(N,)`` finite, larger = more anomalous, any scale.

    Returns:
        In [0, 1]; larger is better, 0.5 is chance.

    Raises:
        InputError: wrong shapes or labels, only one class, or a score that is not finite.
        MissingError: scikit-learn is not installed.
    """
    truth, ranked = _checked(labels, scores)
    return float(_scikit_metrics().roc_auc_score(truth, ranked))


def average_precision(labels: Sequence[bool] | NDArray[Any], scores: Sequence[float] | NDArray[Any]) -> float:
    """Precision averaged over recall, without interpolation.

    Arguments and errors as for :func:`image_auroc`.

    Returns:
        In (0, 1]; larger is better, the share of anomalous images is chance.
    """
    truth, ranked = _checked(labels, scores)
    return float(_scikit_metrics().average_precision_score(truth, ranked))


def f1_max(labels: Sequence[bool] | NDArray[Any], scores: Sequence[float] | NDArray[Any]) -> float:
    """F1, the harmonic mean of precision and recall, at the best threshold; an image is flagged at or above it.

    The threshold is chosen with the truth in hand: an upper bound of what a fixed one would reach. Arguments as for
    :func:`image_auroc`.

    Returns:
        In (0, 1]; larger is better, 2s / (1 + s) is what flagging everything gives, with s the share of anomalous
        images.

    Raises:
        InputError: as :func:`image_auroc`.
    """
    truth, ranked = _checked(labels, scores)
    bad, good = np.sort(ranked[truth]), np.sort(ranked[~truth])
    found = bad.size - np.searchsorted(bad, bad)  # flagging more without finding more only lowers F1
    alarms = good.size - np.searchsorted(good, bad)
    return float((2 * found / (found + alarms + bad.size)).max())


def _scikit_metrics() -> ModuleType:
    try:
        from sklearn import metrics
    except ModuleNotFoundError as error:
        msg = "image metrics need scikit-learn; get it by pip install 'tenshot[eval]'"
        raise MissingError(msg) from error
    module: ModuleType = metrics
    return module


def _checked(labels: object, scores: object) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    truth, ranked = np.asarray(labels), np.asarray(scores, dtype=np.float64)
    if truth.ndim != 1 or truth.shape != ranked.shape:
        msg = f"labels and scores must be two lists of one length, got shapes {truth.shape}, {ranked.shape}"
        raise InputError(msg)
    if not np.isin(truth, (0, 1)).all():
        msg = f"labels must be 0 or 1, got {np.unique(truth)[:5].tolist()}"
        raise InputError(msg)
    if not np.isfinite(ranked).all():
        msg = f"scores must be finite, got {np.count_nonzero(~np.isfinite(ranked))} NaN or infinite"
        raise InputError(msg)
    anomalous = int(truth.sum())
    if not 0 < anomalous < truth.size:
        msg = f"labels must hold normal and anomalous images, got {anomalous} anomalous of {truth.size}"
        raise InputError(msg)
    return truth.astype(bool), ranked
