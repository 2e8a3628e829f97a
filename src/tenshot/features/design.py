"""What a trained ResNet-10 is, as its file of weights says: the network cannot be told from the tensors alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, ValidationError, field_validator

from tenshot.core.config import Settings
from tenshot.core.errors import ExtractorError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Design"]

Stride = Annotated[int, Field(ge=1, le=2)]


class Design(Settings):
    """How a ResNet-10 is built and used. The defaults are the paper's, for files that say nothing.

    Attributes:
        strides: of the four stages.
        layers: tapped unless others are asked for: 0 to 3 are the stages, 4 is the head.
        image_size: the input resolution it was trained at, in pixels.
        neighbourhood: odd side of the window over which its joined features are averaged.
        seed: of the weights it started from, which its untrained twin has.
    """

    strides: tuple[Stride, Stride, Stride, Stride] = (1, 2, 2, 2)
    layers: Annotated[tuple[int, ...], Field(min_length=1)] = (4,)
    image_size: Annotated[int, Field(ge=32, le=4096)] = 128
    neighbourhood: Annotated[int, Field(ge=1, le=9)] = 1
    seed: int = 0

    @field_validator("neighbourhood")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            msg = "expected an odd number"
            raise ValueError(msg)
        return value

    @classmethod
    def told_by(cls, facts: Mapping[str, str], *, file: Path) -> Self:
        """Reads the metadata of a file of weights.

        Raises:
            ExtractorError: for metadata that cannot be.
        """
        try:
            return cls.model_validate({name: json.loads(facts[name]) for name in cls.model_fields if name in facts})
        except ValidationError as error:
            first = error.errors()[0]
            msg = f"weights {file}: metadata {'.'.join(map(str, first['loc']))}: {first['msg']}, got {first['input']!r}"
            raise ExtractorError(msg) from error
        except json.JSONDecodeError as error:
            msg = f"weights {file}: expected metadata in JSON, got {error.doc!r}"
            raise ExtractorError(msg) from error

    def facts(self, *, recipe: str) -> dict[str, str]:
        """The metadata of a file of weights, for ``told_by``; the name of the recipe comes with it, for people."""
        return {**{name: json.dumps(value) for name, value in self.model_dump().items()}, "recipe": recipe}
