"""tenshot: show it ten good parts; it finds the bad ones.

Example::

    from tenshot import Detector

    part = Detector.from_pretrained().adapt(["good/01.png", "good/02.png", ...])
    for prediction in part.predict(["new/17.png"]):
        print(prediction.score, prediction.is_anomalous)

Importing the package is cheap; torch is loaded with the first name that needs it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tenshot.core.config import DetectorConfig
    from tenshot.core.errors import TenshotError
    from tenshot.core.types import Image, Prediction
    from tenshot.data.images import read_image
    from tenshot.detectors import Adapted, Detector

__version__ = "0.1.0"

__all__ = ["Adapted", "Detector", "DetectorConfig", "Image", "Prediction", "TenshotError", "__version__", "read_image"]

_HOMES = {
    "Adapted": "tenshot.detectors",
    "Detector": "tenshot.detectors",
    "DetectorConfig": "tenshot.core.config",
    "Image": "tenshot.core.types",
    "Prediction": "tenshot.core.types",
    "TenshotError": "tenshot.core.errors",
    "read_image": "tenshot.data.images",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
