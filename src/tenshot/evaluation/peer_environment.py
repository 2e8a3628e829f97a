"""An environment for the peer beside the product's: it sees the product's torch, and the product sees nothing of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from importlib.metadata import version
from typing import TYPE_CHECKING

from tenshot.core.errors import MissingError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["PEER", "peer_python"]

PEER = "anomalib==2.7.0"
# Two releases of its trainer are known to be bad.
REFUSED = ("lightning!=2.6.2,!=2.6.3", "pytorch-lightning!=2.6.2,!=2.6.3")
KEPT = ("torch", "torchvision")
STAMP = "peer.json"
INSTALL_SECONDS = 900


def peer_python(folder: Path, *, tell: Callable[[str], None]) -> Path:
    """The interpreter of the peer's environment, which is made if need be.

    A path file lets it see the product's packages, after its own: torch is never installed a second time.

    Args:
        folder: of the environment; it hides itself from git.
        tell: told what takes time.

    Raises:
        MissingError: if the peer cannot be installed; nothing else of the product needs it.
    """
    python = folder / "bin" / "python"
    recipe = {"peer": PEER, "product": sys.prefix, **{name: version(name) for name in KEPT}}
    stamp = folder / STAMP
    if stamp.is_file() and json.loads(stamp.read_text(encoding="utf-8")) == recipe:
        return python
    tell(f"installing {PEER} into {folder} (once) ...")
    try:
        _install(folder, python)
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        msg = f"{PEER}: cannot be installed here ({said.strip()[-300:]})"
        raise MissingError(msg) from error
    stamp.write_text(json.dumps(recipe), encoding="utf-8")
    return python


def _install(folder: Path, python: Path) -> None:
    _run(sys.executable, "-m", "venv", "--clear", str(folder))
    (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    own = folder / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    (own / "product.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    limits = folder / "constraints.txt"
    limits.write_text("\n".join([*(f"{name}=={version(name)}" for name in KEPT), *REFUSED, ""]), encoding="utf-8")
    _run(str(python), "-m", "pip", "install", "--quiet", "--constraint", str(limits), PEER)


def _run(*command: str) -> None:
    # The product's own pins are not the peer's business.
    inherited = {name: value for name, value in os.environ.items() if not name.endswith("CONSTRAINT")}
    subprocess.run(  # noqa: S603 - our own arguments
        command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS, env=inherited
    )
