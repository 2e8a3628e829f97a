"""Training: an objective and data in, a trained network out. Nothing here knows a command line or a benchmark."""

__all__: list[str] = []
