"""Known data sets, one module each: how a set is recognised and read, with all its quirks in that one place."""

__all__: list[str] = []
