"""What a detector is made of, as frozen settings that are valid by construction.

Every default was chosen by measurement (docs/decisions, benchmarks); every one can be changed.
"""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - pydantic resolves annotations at run time
from typing import TYPE_CHECKING, Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tenshot.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Augmentation",
    "CodingConfig",
    "DetectorConfig",
    "DictionaryConfig",
    "ExtractorConfig",
    "ScoringConfig",
    "Settings",
    "settings",
    "validated",
]

Augmentation = Literal["none", "flips", "rotations", "all"]
Share = Annotated[float, Field(gt=0, le=1)]


class Settings(BaseModel):
    """Settings of anything, or a section of them."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


AnySettings = TypeVar("AnySettings", bound=Settings)


class ExtractorConfig(Settings):
    """Which network turns images into features.

    Attributes:
        name: ``efficientnet_lite0``, ``tenshot_resnet10``, ``tenshot_resnet10_untrained``, its control, the paper's
            ``resnet10``, untrained unless it gets weights, or any timm network.
        layers: layers to tap, ``None`` for the extractor's default.
        weights: local safetensors file, ``None`` for the extractor's own source.
        neighbourhood: odd side of the window over which joined features are averaged, 1 for none; ``None`` for the
            extractor's default.
        adapter: what its features go through: ``none``, ``episodic``, the adapter shipped beside the extractor, or a
            local safetensors file; ``None`` for the extractor's default, which is none so far.
    """

    name: str = "efficientnet_lite0"
    layers: tuple[int, ...] | None = None
    weights: Path | None = None
    neighbourhood: Annotated[int, Field(ge=1, le=9)] | None = None
    adapter: Literal["none", "episodic"] | Path | None = None

    @model_validator(mode="after")
    def _odd(self) -> Self:
        if self.neighbourhood is not None and self.neighbourhood % 2 == 0:
            msg = f"neighbourhood: expected an odd number, got {self.neighbourhood}"
            raise ValueError(msg)
        return self


class CodingConfig(Settings):
    """How a feature is explained by normal ones.

    Attributes:
        method: ``local``: closed-form codes over the active set, the nearest atom of each shot; ``active``: ISTC over
            the same set; ``full``: ISTC over the whole dictionary, as the paper; ``nearest``: the nearest atom alone,
            the control.
        normalise: code directions of features (unit norm) instead of features.
        iterations: N of Eq. 6.
        lambda_max: first λ, for inputs of unit norm.
        lambda_min: last λ, λ_*.
        shrinkage: ``soft`` (Eq. 7), ``sigshrink`` (Eq. 9), or ``none``, without sparsity (Table 4).
        sharpness: τ of Eq. 9, in units of 1/λ.
        receptive_field: l of Section 3.1.1, odd.
        active_atoms: the active set has fewer atoms than this from few shots, which are cut into several groups each,
            and as many from many shots, of which only the best take part.
        search_dims: principal dimensions in which the active set is searched.
        code_dims: principal dimensions in which ``local`` finds its codes; residuals are taken in all dimensions.
        ridge: of ``local``: how much farther atoms are held back.
    """

    method: Literal["local", "active", "full", "nearest"] = "local"
    normalise: bool = True
    iterations: Annotated[int, Field(ge=1, le=100_000)] = 8
    lambda_max: Annotated[float, Field(gt=0)] = 0.3
    lambda_min: Annotated[float, Field(gt=0)] = 0.05
    shrinkage: Literal["soft", "sigshrink", "none"] = "soft"
    sharpness: Annotated[float, Field(gt=0)] = 50.0
    receptive_field: Annotated[int, Field(ge=1, le=9)] = 1
    active_atoms: Annotated[int, Field(ge=1, le=64)] = 20
    search_dims: Annotated[int, Field(ge=1)] = 32
    code_dims: Annotated[int, Field(ge=1)] = 64
    ridge: Annotated[float, Field(ge=1e-4)] = 0.1

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.lambda_min > self.lambda_max:
            msg = f"lambda_min: expected at most lambda_max = {self.lambda_max}, got {self.lambda_min}"
            raise ValueError(msg)
        if self.search_dims > self.code_dims:
            msg = f"search_dims: expected at most code_dims = {self.code_dims}, got {self.search_dims}"
            raise ValueError(msg)
        if self.receptive_field % 2 == 0:
            msg = f"receptive_field: expected an odd number, got {self.receptive_field}"
            raise ValueError(msg)
        return self


class DictionaryConfig(Settings):
    """Which support features become atoms.

    Attributes:
        atoms: how many atoms a task keeps at most, shared evenly among its shots, one for each at least; ``None`` for
            all of them.
        augment: views of every shot that add atoms: ``flips`` (2), ``rotations`` by 90° (4), ``all`` (8).
    """

    atoms: Annotated[int, Field(ge=64)] | None = 2048
    augment: Augmentation = "none"


class ScoringConfig(Settings):
    """How residuals become a map and a score.

    Attributes:
        map: ``residual`` per position, or the paper's ``gradient`` of the energy.
        score: ``worst``, the mean of the worst share of the map's positions, or the paper's ``energy`` (Eq. 8).
        worst_share: that share.
        smoothing: standard deviation of the map's Gaussian smoothing, in input pixels.
    """

    map: Literal["residual", "gradient"] = "residual"
    score: Literal["worst", "energy"] = "worst"
    worst_share: Share = 0.01
    smoothing: Annotated[float, Field(ge=0)] = 4.0


class DetectorConfig(Settings):
    """Everything that decides what a detector computes.

    Attributes:
        extractor: the network.
        image_size: side in pixels of the square whose area the input has (its shape follows the shots); ``None`` for
            the extractor's own.
        tile: side in pixels of the overlapping square tiles a photo is cut into at full resolution, each of which is
            then scored at ``image_size``; ``None`` to score photos whole.
        coding: how features are explained.
        dictionary: by what.
        scoring: how the unexplained rest is judged.
    """

    extractor: ExtractorConfig = ExtractorConfig()
    image_size: Annotated[int, Field(ge=32, le=4096)] | None = None
    tile: Annotated[int, Field(ge=32)] | None = None
    coding: CodingConfig = CodingConfig()
    dictionary: DictionaryConfig = DictionaryConfig()
    scoring: ScoringConfig = ScoringConfig()


def settings(values: dict[str, object]) -> DetectorConfig:
    """Validates nested settings.

    Raises:
        InputError: naming the setting, what is allowed and what came.
    """
    return validated(DetectorConfig, values)


def validated(model: type[AnySettings], values: Mapping[str, object]) -> AnySettings:
    """Validates nested settings of any kind.

    Raises:
        InputError: naming the setting, what is allowed and what came.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "settings"
        msg = f"{where}: {first['msg']}, got {first['input']!r}"
        raise InputError(msg) from error
