"""A small world: synthetic photos of one texture, and detectors quick enough to adapt in every test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image as Pillow

from tenshot import Detector
from tenshot.core.config import settings
from tenshot.data.images import read_image
from tenshot.detectors.adaptive_energy import adapted
from tenshot.detectors.adaptive_energy import detector as detector_module
from tenshot.features import ResNet10Extractor, build_extractor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from tenshot.core.types import Image

DEFECT = (slice(36, 50), slice(12, 26))


def draw(
    seed: int, size: tuple[int, int] = (64, 64), *, defect: tuple[slice, slice] | None = None
) -> NDArray[np.uint8]:
    """A photo of a woven texture with a little noise; a defect is a torn place in it."""
    y, x = np.mgrid[: size[0], : size[1]]
    weave = np.stack([127 + 60 * np.sin(x / 5 + shift) * np.cos(y / 7) for shift in range(3)], axis=-1)
    pixels = weave + np.random.default_rng(seed).normal(0, 5, (*size, 3))
    if defect is not None:
        torn = (x[defect] + y[defect]) // 2 % 2
        pixels[defect] = np.where(torn[..., None], (250, 230, 20), (5, 5, 60))
    return pixels.clip(0, 255).astype(np.uint8)


@pytest.fixture(autouse=True)
def _every_extractor_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests of the command line build each extractor once for the whole session; here weights come and go."""
    for module in (adapted, detector_module):
        monkeypatch.setattr(module, "build_extractor", build_extractor)


@pytest.fixture(scope="session")
def photo() -> Callable[..., NDArray[np.uint8]]:
    """Draws the photo of a seed."""
    return draw


@pytest.fixture(scope="session")
def torn() -> NDArray[np.uint8]:
    """A photo with a defect at ``DEFECT``, well inside its lower left quarter."""
    return draw(777, defect=DEFECT)


@pytest.fixture(scope="session")
def images() -> list[Image]:
    """Eight photos, decoded and named."""
    return [read_image(draw(seed), name=f"photo {seed}") for seed in range(8)]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """The first four photos as files."""
    paths = [tmp_path / f"{seed}.png" for seed in range(4)]
    for seed, path in enumerate(paths):
        Pillow.fromarray(draw(seed)).save(path)
    return paths


@pytest.fixture(scope="session")
def detector_of() -> Callable[..., Detector]:
    """Detectors on two stages of the untrained ResNet-10 at 64 pixels, with any settings changed."""
    extractor = ResNet10Extractor(layers=(0, 1))

    def make(**changes: Any) -> Detector:
        values: dict[str, Any] = {
            "extractor": {"name": "resnet10", "layers": (0, 1)},
            "image_size": 64,
            "scoring": {"smoothing": 2.0, **changes.pop("scoring", {})},
        }
        return Detector(extractor, settings(values | changes))

    return make


@pytest.fixture(scope="session")
def detector(detector_of: Callable[..., Detector]) -> Detector:
    return detector_of()
