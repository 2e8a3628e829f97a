"""Settings of the simple methods: frozen, valid by construction, changed by section and name as everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import Field

from tenshot.core.config import Settings, validated
from tenshot.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenshot.detectors.entries import Materials

__all__ = ["Smoothing", "WorstShare", "apply_changes"]


AnySettings = TypeVar("AnySettings", bound=Settings)


class Smoothing(Settings):
    """How values per position become a map.

    Attributes:
        smoothing: standard deviation of the map's Gaussian smoothing, in pixels of the frame.
    """

    smoothing: Annotated[float, Field(ge=0)] = 4.0


class WorstShare(Smoothing):
    """How values per position become a map and a score.

    Attributes:
        worst_share: the score is the mean of this share of them, the largest.
    """

    worst_share: Annotated[float, Field(gt=0, le=1)] = 0.01


def apply_changes(
    model: type[AnySettings], materials: Materials, *, own: Mapping[str, Mapping[str, object]] | None = None
) -> AnySettings:
    """A method's own settings, changed as the materials say.

    Args:
        model: its settings; the section ``detector`` stands for those that are in no section.
        materials: whose extractor and changes win.
        own: what the method itself sets otherwise than its model does, by section.

    Raises:
        InputError: for a setting that the method does not have or a value that is not allowed.
    """
    values: dict[str, Any] = {section: dict(entries) for section, entries in (own or {}).items()}
    if materials.extractor is not None:
        if "extractor" not in model.model_fields:
            msg = f"extractor: expected none, because this detector looks at pixels, got {materials.extractor!r}"
            raise InputError(msg)
        values["extractor"] = {"name": materials.extractor, "weights": materials.weights_file}
    for section, entries in materials.changes.items():
        if section == "detector":
            values.update(entries)
        else:
            values[section] = {**values.get(section, {}), **entries}
    return validated(model, values)
