"""Calibration from normal images alone: no defect is ever needed."""

from tenshot.calibration.predictive import Predictive, fit_predictive, outliers
from tenshot.calibration.promises import promises

__all__ = ["Predictive", "fit_predictive", "outliers", "promises"]
