"""What episodic training does: the curves of its variants, and what trained weights can do on its own terms."""

__all__: list[str] = []
