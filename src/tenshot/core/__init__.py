"""Types, errors and settings that every other room may use."""

__all__: list[str] = []
