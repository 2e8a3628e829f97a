"""A workbench: photos of parts to look at, and two ways to run the command, in this process or as one of its own."""

from __future__ import annotations

import csv
import functools
import os
import resource
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image as Pillow
from typer.testing import CliRunner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typer.testing import Result

SOURCE = Path(__file__).resolve().parents[2] / "src"
SIDE = 96
SHOTS = 5


def draw_part(file: Path, seed: int, *, defect: bool = False, mode: str = "RGB") -> Path:
    """A round part on a dark ground with a little noise; a defect is a striped patch on it."""
    noise = np.random.default_rng(seed).normal(0, 6, (SIDE, SIDE, 3))
    y, x = np.mgrid[:SIDE, :SIDE]
    part = np.hypot(y - SIDE / 2, x - SIDE / 2) < SIDE / 3
    pixels = np.where(part[..., None], (150, 120, 90), (30, 35, 45)) + noise
    if defect:
        pixels[35:65, 35:65] = np.where((x[35:65, 35:65] // 3 % 2)[..., None], (250, 240, 40), (10, 10, 200))
    file.parent.mkdir(exist_ok=True)
    Pillow.fromarray(pixels.clip(0, 255).astype(np.uint8)).convert(mode).save(file)
    return file


@dataclass
class Bench:
    """A folder with five good parts in ``good``, and three good ones and a bad one in ``today``."""

    folder: Path
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def good(self) -> Path:
        return self.folder / "good"

    @property
    def today(self) -> Path:
        return self.folder / "today"

    @property
    def out(self) -> Path:
        return self.folder / "results"

    @property
    def task(self) -> Path:
        """A task file adapted to ``good`` at 64 pixels."""
        return self.folder / "part.tenshot"

    def draw(self, name: str, seed: int, *, defect: bool = False, mode: str = "RGB") -> Path:
        return draw_part(self.folder / name, seed, defect=defect, mode=mode)

    def run(self, *arguments: object) -> Result:
        """Runs a command in this process, where torch is loaded already."""
        from tenshot.cli.app import app

        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    def start(self, *arguments: object, largest_file: int | None = None) -> subprocess.Popen[str]:
        """Starts a command as a process of its own, as a shell would.

        Args:
            arguments: of the command.
            largest_file: most bytes a file may grow to; writing more fails as on a full disk.
        """

        def prepare() -> None:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # a test run in the background would hand down SIG_IGN
            if largest_file is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

        process = subprocess.Popen(
            [sys.executable, "-m", "tenshot", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(SOURCE)},
            preexec_fn=prepare,  # noqa: PLW1509 - no other thread of ours runs here
        )
        self.processes.append(process)
        return process

    def scores(self) -> dict[str, dict[str, str]]:
        """Rows of the results, by file name."""
        with (self.out / "scores.csv").open(newline="") as file:
            return {Path(row["path"]).name: row for row in csv.DictReader(file)}

    def errors(self) -> dict[str, str]:
        """Errors of the results, by file name."""
        with (self.out / "errors.csv").open(newline="") as file:
            return {Path(row["path"]).name: row["error"] for row in csv.DictReader(file)}


@pytest.fixture(scope="session")
def _one_extractor_each() -> Iterator[None]:
    """Builds every extractor once: they are frozen, and building them is most of what a small run takes."""
    from tenshot.detectors.adaptive_energy import adapted, detector

    cached = functools.cache(detector.build_extractor)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(detector, "build_extractor", cached)
        patch.setattr(adapted, "build_extractor", cached)
        yield


@pytest.fixture(scope="session")
def _furnished(_one_extractor_each: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    bench = Bench(tmp_path_factory.mktemp("bench"))
    for number in range(SHOTS):
        bench.draw(f"good/good{number}.png", number)
    for number in range(3):
        bench.draw(f"today/fine{number}.png", 100 + number)
    bench.draw("today/scratched.png", 200, defect=True)
    # With relative names, so that the file does not depend on where it was made.
    with pytest.MonkeyPatch.context() as patch, one_thread():
        patch.chdir(bench.folder)
        result = bench.run("adapt", "good", "-o", "part.tenshot", "--image-size", 64)
    assert result.exit_code == 0, result.output
    return bench.folder


@contextmanager
def one_thread() -> Iterator[None]:
    """On photos this small, threads only wait for each other; on a busy machine for seconds."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def bench(_furnished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A fresh workbench, which is also the current folder."""
    folder = tmp_path / "bench"
    shutil.copytree(_furnished, folder)
    monkeypatch.chdir(folder)
    bench = Bench(folder)
    with one_thread():
        yield bench
    for process in bench.processes:
        process.kill()
        process.communicate()
