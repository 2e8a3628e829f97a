"""Images, and where they lie: decoding, finding, and the layouts of labelled folders."""

__all__: list[str] = []
