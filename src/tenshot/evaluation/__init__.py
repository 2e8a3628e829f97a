"""Measuring: ``tenshot benchmark``, and the product's own promises by ``python -m tenshot.evaluation``."""

__all__: list[str] = []
