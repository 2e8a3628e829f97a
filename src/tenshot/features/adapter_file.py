"""Files of adapters: safetensors that say which frozen extractor they were trained on, checked before anything else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tenshot.core.errors import ExtractorError
from tenshot.features.adapter import AdaptedExtractor, Adapter
from tenshot.features.shipped import ADAPTERS
from tenshot.features.weights import read_tensors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tenshot.features.base import Extractor, ExtractorSpec

__all__ = ["adapted_by", "adapter_facts"]

DIGITS = 12  # of 64: enough to tell two digests apart by eye


def adapter_facts(spec: ExtractorSpec, *, recipe: str) -> dict[str, str]:
    """What the file of an adapter says of itself, beside the tensors that ``Adapter.tensors`` gives.

    Args:
        spec: of the frozen extractor it was trained on.
        recipe: name of the recipe, which tables and task files will tell.
    """
    return {
        "extractor": spec.name,
        "layers": json.dumps(spec.layers),
        "weights": spec.weights,
        "recipe": recipe,
    }


def adapted_by(file: Path, extractor: Extractor) -> AdaptedExtractor:
    """An extractor with the adapter of a file.

    Raises:
        MissingError: if there is no such file.
        ExtractorError: if it is no whole adapter, or one for another extractor, other layers or other weights.
    """
    tensors, facts = read_tensors(file, what="adapter", allowed=ADAPTERS)
    _require_fit(file, facts, extractor.spec)
    try:
        adapter = Adapter.of(tensors)
    except ValueError as error:
        msg = f"adapter {file}: {error}"
        raise ExtractorError(msg) from error
    if adapter.channels != extractor.spec.channels:
        msg = f"adapter {file}: expected channels {extractor.spec.channels}, got {adapter.channels}"
        raise ExtractorError(msg)
    return AdaptedExtractor(extractor, adapter, recipe=facts["recipe"])


def _require_fit(file: Path, facts: Mapping[str, str], spec: ExtractorSpec) -> None:
    wanted = adapter_facts(spec, recipe="")
    if missing := [name for name in wanted if not facts.get(name)]:
        msg = f"adapter {file}: expected metadata {', '.join(wanted)}, {', '.join(missing)} is missing"
        raise ExtractorError(msg)
    for name in ("extractor", "layers", "weights"):
        if facts[name] != wanted[name]:
            there, here = (text if name != "weights" else text[:DIGITS] for text in (facts[name], wanted[name]))
            what = "name" if name == "extractor" else name
            msg = f"adapter {file}: trained on an extractor with {what} {there}, got {spec.name} with {what} {here}"
            raise ExtractorError(msg)
