"""The reference way to measure few-shot anomaly detection: sets, draws, conditions, detectors, and what came out."""

__all__: list[str] = []
