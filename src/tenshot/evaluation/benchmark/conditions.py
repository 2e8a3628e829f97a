"""What is done to supports and queries before a detector sees them.

| text | what | 1 | 2 | 3 |
|---|---|---|---|---|
| ``plain`` | nothing | | | |
| ``rotate:query`` | every query by +90° or −90°, at random (appendix B.1) | | | |
| ``rotate:both`` | every query and every support image | | | |
| ``contaminate:P`` | each support image is an anomalous one with a chance of P per cent (appendix B.3) | | | |
| ``brightness:S`` | queries: values times or divided by, at random | 1.1 | 1.25 | 1.5 |
| ``contrast:S`` | queries: distance from the image's mean, times or divided by, at random | 1.1 | 1.25 | 1.5 |
| ``blur:S`` | queries: Gaussian, σ in per cent of the side | 0.4 | 0.8 | 1.6 |
| ``noise:S`` | queries: Gaussian at each value by itself, σ in grey levels of 255 | 4 | 8 | 16 |
| ``jpeg:S`` | queries: through a JPEG file of quality | 50 | 25 | 10 |
| ``shift:S`` | queries: up or down, left or right, by per cent of height and width; borders mirrored | 2 | 5 | 10 |

The side of a blur is the root of the image's area. Values are clipped to the range of their type. JPEG holds 8 bits, so
deeper images come back with 8 bits' worth of levels.
"""

from __future__ import annotations

import hashlib
import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from tenshot.core.errors import InputError
from tenshot.data.images import read_image
from tenshot.data.quiet import QUIET_PILLOW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tenshot.core.types import Image

    Floats = NDArray[np.floating[Any]]

__all__ = ["Condition", "parse_condition"]

Kind = Literal["plain", "rotate", "contaminate", "brightness", "contrast", "blur", "noise", "jpeg", "shift"]

_STRENGTHS = {
    "brightness": (1.1, 1.25, 1.5),
    "contrast": (1.1, 1.25, 1.5),
    "blur": (0.004, 0.008, 0.016),
    "noise": (4, 8, 16),
    "jpeg": (50, 25, 10),
    "shift": (0.02, 0.05, 0.10),
}
_SEVERITIES = (1, 2, 3)
_KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
_ALLOWED = (
    "plain, rotate:query, rotate:both, contaminate:P with P per cent above 0 and at most 100, or one of "
    f"{', '.join(_STRENGTHS)} with a severity from :1 to :3"
)


@dataclass(frozen=True, slots=True)
class Condition:
    """What is done to supports and queries; ``str`` gives the text that :func:`parse_condition` reads.

    What is random about it follows from the kind, the image and the seed: the order of images does not matter, and an
    image keeps its direction and its pattern of noise from one severity to the next.

    Attributes:
        kind: as in the table above.
        amount: the severity; for ``contaminate`` per cent; 0 for ``plain`` and ``rotate``.
        rotates_support: whether ``rotate`` is for support images too; false for every other kind.

    Raises:
        InputError: a kind or an amount that does not exist.
    """

    kind: Kind = "plain"
    amount: float = 0
    rotates_support: bool = False

    def __post_init__(self) -> None:
        if self.kind == "contaminate":
            fits = 0 < self.amount <= 100  # noqa: PLR2004
        else:
            fits = self.kind in _KINDS and self.amount in (_SEVERITIES if self.kind in _STRENGTHS else (0,))
        if not fits or (self.rotates_support and self.kind != "rotate"):
            msg = f"condition: expected {_ALLOWED}; got {self!r}"
            raise InputError(msg)

    def __str__(self) -> str:
        if self.kind == "rotate":
            return f"rotate:{'both' if self.rotates_support else 'query'}"
        return f"{self.kind}:{str(self.amount).removesuffix('.0')}" if self.amount else self.kind

    @property
    def contamination(self) -> float:
        """Share of support images, in [0, 1], that is expected to be anomalous."""
        return self.amount / 100 if self.kind == "contaminate" else 0.0

    @property
    def leaves_support(self) -> bool:
        """Whether :meth:`on_support` changes nothing."""
        return not self.rotates_support

    @property
    def leaves_geometry(self) -> bool:
        """Whether :meth:`on_mask` changes nothing."""
        return self.kind not in {"rotate", "shift"}

    def contaminated_positions(self, shots: int, seed: int) -> tuple[int, ...]:
        """Which support images are replaced by anomalous ones, ascending.

        Each is drawn by itself, since one per cent of ten shots is a tenth of an image: at one per cent nine supports
        of ten stay clean. What a lower share replaces, a higher one replaces too, and so do more shots.
        """
        drawn = _generator("contaminate", "", seed).random(shots)
        return tuple(np.flatnonzero(drawn < self.contamination).tolist())

    def on_query(self, image: Image, seed: int) -> Image:
        """The query that a detector sees.

        Returns:
            The image itself, or a new one of the same name and type, with its own digest and no path.
        """
        if self.kind in {"plain", "contaminate"}:
            return image
        random = _generator(self.kind, image.digest, seed)
        if not self.leaves_geometry:
            return read_image(self._moved(image.pixels, random), name=image.name)
        white = {"uint8": 255, "uint16": 65535}.get(image.pixels.dtype.name, 1)
        values = _corrupted(self.kind, image.pixels.astype(np.float32) / white, self._strength, random)
        scaled = values.clip(0, 1) * white
        pixels = (scaled if white == 1 else scaled.round()).astype(image.pixels.dtype)
        return read_image(pixels, name=image.name)

    def on_support(self, image: Image, seed: int) -> Image:
        """The support image that a detector sees: as :meth:`on_query` for ``rotate:both``, else the image itself."""
        return self.on_query(image, seed) if self.rotates_support else image

    def on_mask(self, mask: NDArray[np.bool_], image: Image, seed: int) -> NDArray[np.bool_]:
        """The mask of the query that a detector sees: moved as the image was, mirrored borders included.

        Args:
            mask: ``(H, W)``, of the image's size.
            image: as it was given to :meth:`on_query`.
            seed: as it was given to :meth:`on_query`.

        Raises:
            InputError: the mask has another size than the image.
        """
        if mask.shape != image.pixels.shape[:2]:
            msg = f"mask of {image.name}: expected the image's size {image.pixels.shape[:2]}, got {mask.shape}"
            raise InputError(msg)
        return mask if self.leaves_geometry else self._moved(mask, _generator(self.kind, image.digest, seed))

    @property
    def _strength(self) -> float:
        return _STRENGTHS[self.kind][int(self.amount) - 1]

    def _moved(self, plane: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
        signs = [int(sign) for sign in random.choice((-1, 1), size=2)]
        if self.kind == "rotate":
            return np.rot90(plane, signs[0])
        sides = plane.shape[:2]
        return _shifted(plane, [s * max(1, round(self._strength * side)) for s, side in zip(signs, sides, strict=True)])


def parse_condition(text: str) -> Condition:
    """Reads the short text of a condition, such as ``plain``, ``rotate:both``, ``contaminate:5`` or ``noise:2``.

    Raises:
        InputError: there is no such condition; says what is allowed.
    """
    kind, colon, level = text.partition(":")
    try:
        if kind == "rotate":
            return Condition("rotate", rotates_support={"query": False, "both": True}[level])
        return Condition(_KINDS[kind], float(level) if colon else 0)
    except (KeyError, ValueError) as error:
        msg = f"condition: expected {_ALLOWED}; got {text!r}"
        raise InputError(msg) from error


def _generator(kind: str, digest: str, seed: int) -> np.random.Generator:
    state = hashlib.sha256(f"{kind} {digest} {seed}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(state)))


def _shifted(plane: NDArray[Any], steps: Sequence[int]) -> NDArray[Any]:
    """Rows and columns moved down and right by so many pixels, up and left if negative; borders mirrored."""
    pads = [(max(step, 0), max(-step, 0)) for step in steps]
    padded = np.pad(plane, [*pads, *[(0, 0)] * (plane.ndim - 2)], mode="symmetric")
    rows, columns = (slice(after, after + side) for (_, after), side in zip(pads, plane.shape, strict=False))
    return padded[rows, columns]


def _corrupted(kind: Kind, values: Floats, strength: float, random: np.random.Generator) -> Floats:
    """Values ``(H, W, C)`` in [0, 1], which may come back outside of it."""
    match kind:
        case "brightness":
            return values * _either_way(strength, random)
        case "contrast":
            mean = float(values.mean())
            return mean + (values - mean) * _either_way(strength, random)
        case "blur":
            return _blurred(values, strength)
        case "noise":
            return values + strength / 255 * random.standard_normal(values.shape, dtype=np.float32)
        case _:
            return _through_jpeg(values, int(strength))


def _either_way(factor: float, random: np.random.Generator) -> float:
    return factor if random.random() < 0.5 else 1 / factor  # noqa: PLR2004


def _blurred(values: Floats, share: float) -> Floats:
    from scipy import ndimage

    return ndimage.gaussian_filter(values, share * math.sqrt(values.shape[0] * values.shape[1]), axes=(0, 1))


def _through_jpeg(values: Floats, quality: int) -> Floats:
    import PIL.Image

    levels = (values * 255).round().astype(np.uint8)
    file = io.BytesIO()
    with QUIET_PILLOW:
        PIL.Image.fromarray(levels[..., 0] if levels.shape[2] == 1 else levels).save(file, "JPEG", quality=quality)
        back = np.asarray(PIL.Image.open(file, formats=["JPEG"]), dtype=np.float32)
    return back.reshape(values.shape) / 255
