"""Small value objects that every room speaks in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Image", "Prediction"]


@dataclass(frozen=True, eq=False, slots=True)
class Image:
    """A decoded image, upright, at the bit depth it came with.

    Attributes:
        pixels: ``(H, W, C)``, C = 1 (grey) or 3 (RGB); ``uint8``, ``uint16`` or ``float32`` in [0, 1].
        name: what messages and tables call it: the path as given, or ``image 3`` for the third array of a call.
        digest: SHA-256 of shape, dtype and pixels, in hexadecimal; two files with the same picture share it.
        path: the file it came from, ``None`` for an image in memory.
    """

    pixels: NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]
    name: str
    digest: str
    path: Path | None = None

    @property
    def is_grey(self) -> bool:
        """Whether the image has a single channel."""
        return self.pixels.shape[2] == 1


@dataclass(frozen=True, eq=False, slots=True)
class Prediction:
    """What a task says about one image.

    Attributes:
        name: the name of the image.
        score: larger = more anomalous; unbounded above, at least 0; not a probability.
        threshold: a score above it is a verdict of "anomalous"; in units of ``score``.
        p_value: in (0, 1]; estimated chance that a normal image scores at least this high.
        is_anomalous: ``score > threshold``.
        anomaly_map: ``(h, w)`` float32, at least 0, over the whole image at the task's input resolution; larger = more
            anomalous.
        map_threshold: the task's fixed map scale, in units of ``anomaly_map``: a good part has a pixel above it about
            as often as the wanted false-alarm rate says. Divide by it to compare images; below 1 is calm.
    """

    name: str
    score: float
    threshold: float
    p_value: float
    is_anomalous: bool
    anomaly_map: NDArray[np.float32]
    map_threshold: float
