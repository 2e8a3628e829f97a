"""The common half of the simple methods that look at features: a frozen extractor, its maps joined on one grid."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from tenshot.core.config import ExtractorConfig, Settings
from tenshot.detectors.framed import Method
from tenshot.features import join_maps

if TYPE_CHECKING:
    from torch import Tensor

    from tenshot.features import Extractor

__all__ = ["FeatureMethod", "FeatureSettings"]


class FeatureSettings(Settings):
    """Settings of a method that looks at features.

    Attributes:
        extractor: the network.
        image_size: side in pixels of the square whose area the frames have; ``None`` for the extractor's own.
    """

    extractor: ExtractorConfig = ExtractorConfig()
    image_size: Annotated[int, Field(ge=32, le=4096)] | None = None


class FeatureMethod(Method):
    """A method that sees the features of the adaptive energy model: the same layers on the same grid.

    Args:
        extractor: Ψ, frozen; shared, not copied.
        config: settings.
    """

    def __init__(self, extractor: Extractor, config: FeatureSettings) -> None:
        spec = extractor.spec
        self.extractor = extractor
        self.image_size = config.image_size or spec.image_size
        self.multiple = spec.multiple
        self._config = config
        self._neighbourhood = config.extractor.neighbourhood or spec.neighbourhood

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that decides what it computes, in plain types, without the folder that weights came from."""
        plain = self._config.model_dump(mode="json")
        plain["image_size"] = self.image_size
        plain["extractor"] = asdict(self.extractor.spec) | {"neighbourhood": self._neighbourhood}
        return plain

    def represent(self, frames: Tensor) -> Tensor:
        """Frames ``(B, 3, h, w)`` in [0, 1] to joined features ``(B, d, h', w')``."""
        stride = self.extractor.spec.grid_stride
        size = (frames.shape[-2] // stride, frames.shape[-1] // stride)
        maps = self.extractor(frames.to(self.extractor.mean.device))
        return join_maps(maps, size=size, neighbourhood=self._neighbourhood)
