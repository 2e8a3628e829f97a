"""Measuring the product on real photos: accuracy, calibration, speed. Run ``python -m tenshot.evaluation --help``."""

__all__: list[str] = []
