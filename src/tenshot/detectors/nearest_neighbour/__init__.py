"""Nearest neighbour on the features of the adaptive energy model: the control that every gain is measured against."""

__all__: list[str] = []
