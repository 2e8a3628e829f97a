"""On what a figure was measured: machine, versions, commit. Nothing that says whose machine it was."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["code_digest", "commit", "describe_machine", "installed_versions", "one_line"]

PACKAGE = Path(__file__).resolve().parents[1]
MEASURED_ROOMS = ("core", "data", "metrics", "features", "coding", "calibration", "energy", "detectors")
PACKAGES = ("tenshot", "torch", "torchvision", "timm", "numpy", "scipy", "scikit-learn", "pillow")
GIB = 1 << 30


def describe_machine() -> dict[str, str | int | float]:
    """Processor, cores this process may use, memory in GiB, system and Python; no names of hosts, users or folders."""
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def one_line(machine: dict[str, str | int | float]) -> str:
    """A machine as a table's caption shows it."""
    return "{cpu}, {cores} cores, {memory_gib} GiB, {system}, Python {python}".format(**machine)


def installed_versions(packages: Iterable[str] = PACKAGES) -> dict[str, str | None]:
    """Version of each package, ``None`` for one that is not installed."""
    return {package: _version(package) for package in packages}


def commit() -> str | None:
    """The commit of the sources, with ``+`` if they have been changed since; ``None`` outside a repository."""
    try:
        head = _git("rev-parse", "--short=12", "HEAD")
        return f"{head}+" if _git("status", "--porcelain", "--", ".") else head
    except (OSError, subprocess.CalledProcessError):
        return None


def code_digest(rooms: Iterable[str] = MEASURED_ROOMS) -> str:
    """SHA-256 over the sources that decide scores: cells measured with other code must not be mixed with these."""
    digest = hashlib.sha256()
    for file in sorted(file for room in rooms for file in (PACKAGE / room).rglob("*.py")):
        digest.update(file.relative_to(PACKAGE).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, "") or platform.machine()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git(*arguments: str) -> str:
    command = ("git", *arguments)
    run = subprocess.run(command, cwd=PACKAGE, check=True, capture_output=True, text=True)  # noqa: S603 - our own words
    return run.stdout.strip()
