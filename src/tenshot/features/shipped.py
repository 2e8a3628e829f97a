"""What was trained here and travels with the package: weights of networks, and adapters beside the extractor they suit.

Every file is a safetensors file in the folder ``pretrained``; docs/models has a card for each.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tenshot.core.errors import ExtractorError
from tenshot.features.names import TENSHOT_RESNET10, UNTRAINED_TWIN
from tenshot.features.weights import require_file

if TYPE_CHECKING:
    from tenshot.core.config import ExtractorConfig

__all__ = ["ADAPTERS", "adapter_of", "files_of", "shipped_weights"]

FOLDER = Path(__file__).with_name("pretrained")
ADAPTER = "-adapter"
ADAPTERS = "none, episodic or a safetensors file"
"""What may be named as an adapter, for messages."""
ADAPTED_BY_DEFAULT: frozenset[str] = frozenset()
"""Extractors that go through their shipped adapter unless told otherwise; benchmarks/results says why, or why none."""


def shipped_weights(name: str) -> Path:
    """The file with the weights of a network that was trained here; its untrained twin is described by the same."""
    return FOLDER / f"{TENSHOT_RESNET10 if name == UNTRAINED_TWIN else name}.safetensors"


def adapter_of(config: ExtractorConfig) -> Path | None:
    """The file of the adapter that a configuration asks for; ``None`` for none.

    Raises:
        ExtractorError: for a shipped adapter where there is none.
    """
    beside = FOLDER / f"{config.name}{ADAPTER}.safetensors"
    match config.adapter:
        case None:
            # Other layers or weights are not what it was trained on.
            own = config.layers is None and config.weights is None
            return beside if own and config.name in ADAPTED_BY_DEFAULT else None
        case "none":
            return None
        case "episodic":
            if not beside.is_file():
                msg = f"adapter 'episodic': expected an extractor that has one ({_adapted()}), got {config.name}"
                raise ExtractorError(msg)
            return beside
        case file:
            return file


def files_of(config: ExtractorConfig) -> tuple[Path, ...]:
    """The files, of this package or the user's, that decide what the extractor of a configuration gives.

    Raises:
        ExtractorError: for a shipped adapter where there is none.
        MissingError: for a file of the user's that is not there.
    """
    files: list[Path] = []
    if config.weights is not None:
        files.append(require_file(config.weights))
    elif (ours := shipped_weights(config.name)).is_file():
        files.append(ours)
    if (adapter := adapter_of(config)) is not None:
        files.append(require_file(adapter, what="adapter", allowed=ADAPTERS))
    return tuple(files)


def _adapted() -> str:
    names = sorted(file.stem.removesuffix(ADAPTER) for file in FOLDER.glob(f"*{ADAPTER}.safetensors"))
    return ", ".join(names) or "none does"
