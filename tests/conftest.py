"""Where real data and weights are found, and what no test may leave behind."""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
DATA_VARIABLE = "TENSHOT_DATA"

# On photos as small as those of the tests, threads only wait for each other; on a busy machine for seconds.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def _data_folder() -> Path:
    named = os.environ.get(DATA_VARIABLE)
    return Path(named).resolve() if named else ROOT.parent / "shared" / "data"


def _do_without(what: str) -> NoReturn:
    """Skips the test; under CI a missing input is a failure, so that a green run means that everything ran."""
    if os.environ.get("CI", "").lower() not in {"", "0", "false"}:
        pytest.fail(f"{what}; with CI set this is an error", pytrace=False)
    pytest.skip(what)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real photos (``mvtec_ad``, ``magnetic_tile``, …)."""
    folder = _data_folder()
    if not folder.is_dir():
        _do_without(f"no real photos at {folder}: set {DATA_VARIABLE} to their folder")
    return folder


@pytest.fixture(scope="session")
def dino_weights() -> Path:
    """DINOv2 ViT-S/14 in timm's layout (float16, safetensors)."""
    file = _data_folder().parent / "weights" / "dinov2_vits14.safetensors"
    if not file.is_file():
        _do_without(f"no DINOv2 weights at {file}: put them into a folder `weights` beside {DATA_VARIABLE}")
    return file


@pytest.fixture(scope="session")
def elpv() -> Path:
    """The folder of the installed solar cells: ``labels.csv`` and ``images``."""
    package = importlib.util.find_spec("elpv_dataset")
    if package is None or package.origin is None:
        _do_without("the package elpv-dataset is not installed: pip install 'tenshot[demo]'")
    return Path(package.origin).parent / "data"


@pytest.fixture(autouse=True)
def _tidy() -> Iterator[None]:
    """Fails a test that changes what all tests share: environment, folder, torch's switches, threads."""
    before, running = _world(), set(threading.enumerate())
    yield
    after = _world()
    changed = {key: (before.get(key), now) for key, now in after.items() if before.get(key, now) != now}
    changed |= {key: (was, None) for key, was in before.items() if key not in after}
    if changed:
        pytest.fail(f"the test changed what others share (before, after): {changed}", pytrace=False)
    left = [thread.name for thread in threading.enumerate() if thread not in running and not thread.daemon]
    if left:
        pytest.fail(f"the test left threads running: {left}", pytrace=False)


def _world() -> dict[str, object]:
    """What tests share without saying so. A new variable is a library's own doing, unless it is ours."""
    world: dict[str, object] = {"folder": Path.cwd(), **{f"${key}": value for key, value in os.environ.items()}}
    for key in (DATA_VARIABLE, "CI", "HF_HUB_OFFLINE"):
        world.setdefault(f"${key}", "")
    world.pop("$PYTEST_CURRENT_TEST", None)
    if torch := sys.modules.get("torch"):
        world["torch threads"] = torch.get_num_threads()
        world["torch dtype"] = torch.get_default_dtype()
        world["torch gradients"] = torch.is_grad_enabled()
        world["torch deterministic"] = torch.are_deterministic_algorithms_enabled()
    return world
