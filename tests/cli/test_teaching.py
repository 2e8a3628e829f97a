from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
import yaml
from PIL import Image as Pillow
from rich.console import Console
from safetensors.torch import load_file
from torch import Tensor, nn
from typer.testing import CliRunner

from tenshot.cli import teaching
from tenshot.cli.app import app
from tenshot.core.errors import TrainingError
from tenshot.training.lesson import Lesson, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typer.testing import Result

SOURCE = Path(__file__).resolve().parents[2] / "src"
CONFIG = """\
tasks:
  - folder: parts
episode: {shots: 1, queries: 1, image_size: 32}
langevin: {steps: 1}
run:
  steps: 6
  episodes_per_step: 2
  log_every: 2
  checkpoint_every: 2
  pictures_every: 0
"""


class Number(Lesson):
    """One number on its way to another.

    Args:
        before: called with the step before it is seen.
    """

    def __init__(self, before: Callable[[int], object]) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.zeros(1))
        self.before = before

    def batch(self, step: int, indices: Sequence[int]) -> Tensor:
        self.before(step)
        return torch.tensor([float(index) for index in indices])

    def outcome(self, batch: Tensor, step: int) -> Outcome:
        return Outcome((self.w - batch - step).square().mean(), {"far": (self.w - batch).detach().abs().mean()})

    def trained(self) -> list[nn.Parameter]:
        return [self.w]

    def weights(self) -> tuple[dict[str, Tensor], dict[str, str]]:
        return {"w": self.w}, {}


@dataclass
class Desk:
    """A folder with ``parts.yaml`` and two products in ``parts``, which is also the current one."""

    folder: Path

    def run(self, *arguments: object, config: str = "parts.yaml") -> Result:
        return CliRunner().invoke(app, ["train", "--config", config, "-o", "out", *map(str, arguments)])

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tenshot", "train", "--config", "parts.yaml", "-o", "out", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(SOURCE)},
        )

    def steps(self, out: str = "out") -> list[str]:
        with (self.folder / out / "log.csv").open(newline="") as file:
            return [row["step"] for row in csv.DictReader(file)]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    generator = np.random.default_rng(0)
    for task in ("bolt", "nut"):
        for number in range(2):
            file = tmp_path / "parts" / task / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Pillow.fromarray(generator.integers(0, 255, (40, 40, 3), dtype=np.uint8)).save(file)
    (tmp_path / "parts.yaml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path)


@pytest.fixture
def number(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[int], object]]:
    """What is called before every step of a lesson that stands in for the real one."""
    before: list[Callable[[int], object]] = []

    def build(*_: object) -> Number:
        return Number(lambda step: [each(step) for each in before])

    monkeypatch.setattr("tenshot.training.lessons.build_lesson", build)
    return before


def test_a_real_training_ends_with_weights_and_the_complete_settings(desk: Desk) -> None:
    result = desk.run("--set", "run.steps=2", "run.log_every=1")
    assert result.exit_code == 0, result.output
    assert result.stdout == "Weights: out/weights.safetensors\n"
    assert [line.split(" ")[0] for line in result.stderr.splitlines()] == ["[1/2]", "[2/2]"]
    assert all(" · remaining " in line for line in result.stderr.splitlines())
    assert load_file("out/weights.safetensors")
    complete = yaml.safe_load(Path("out/config.yaml").read_text())
    assert complete["run"]["steps"] == 2
    assert complete["optimiser"]["betas"] == [0.9, 0.999]
    assert complete["tasks"][0]["folder"] == "../parts"
    again = desk.run("--resume", config="out/config.yaml")
    assert again.exit_code == 0, again.output


def test_two_processes_are_one_training(desk: Desk) -> None:
    process = desk.start("--set", "run.processes=2", "run.steps=2", "run.log_every=1")
    out, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    assert out == "Weights: out/weights.safetensors\n"
    assert [line.split(" ")[0] for line in error.splitlines()] == ["[1/2]", "[2/2]"]
    assert desk.steps() == ["1", "2"]


def test_asked_to_end_it_says_how_to_go_on(desk: Desk) -> None:
    process = desk.start("--set", "run.steps=100000")
    deadline = time.monotonic() + 120
    while not list(desk.folder.glob("out/checkpoints/step-*.safetensors")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    newest = max(desk.folder.glob("out/checkpoints/step-*.safetensors")).relative_to(desk.folder)
    left = f"the last good checkpoint is {newest}, and --resume goes on from it"
    assert error.splitlines()[-1] == f"tenshot: interrupted; {left}"


def test_ctrl_c_ends_it_after_the_step_at_hand(desk: Desk, number: list[Callable[[int], object]]) -> None:
    number.append(lambda step: os.kill(os.getpid(), signal.SIGINT) if step == 2 else None)
    result = desk.run()
    assert result.exit_code == 130
    assert (
        "tenshot: interrupted; the last good checkpoint is out/checkpoints/step-00000003.safetensors" in result.stderr
    )
    number.clear()
    resumed = desk.run("--resume")
    assert resumed.exit_code == 0, resumed.output
    assert desk.steps() == ["2", "4", "6"]


def test_a_second_ctrl_c_ends_it_at_once(desk: Desk, number: list[Callable[[int], object]]) -> None:
    number.append(lambda step: [os.kill(os.getpid(), signal.SIGINT) for _ in range(2)] if step == 3 else None)
    result = desk.run()
    assert result.exit_code == 130
    assert "the last good checkpoint is out/checkpoints/step-00000002.safetensors" in result.stderr


def test_a_failure_is_one_sentence_that_names_the_checkpoint(desk: Desk, number: list[Callable[[int], object]]) -> None:
    def fail(step: int) -> None:
        if step == 5:
            msg = "collapse: all is flat"
            raise TrainingError(msg)

    number.append(fail)
    result = desk.run()
    assert result.exit_code == 2
    [*_, line] = result.stderr.splitlines()
    left = "the last good checkpoint is out/checkpoints/step-00000004.safetensors, and --resume goes on from it"
    assert line == f"tenshot: error: collapse: all is flat; {left}"
    assert "Traceback" not in result.stderr


def test_beginning_where_another_training_is_says_so(desk: Desk, number: list[Callable[[int], object]]) -> None:
    assert number == []
    assert desk.run().exit_code == 0
    result = desk.run()
    assert result.exit_code == 2
    assert "out: expected a folder without a training, or --resume" in result.stderr
    changed = desk.run("--resume", "--set", "optimiser.learning_rate=0.5")
    assert changed.exit_code == 2
    assert "optimiser.learning_rate: expected 0.0003" in changed.stderr
    assert "got 0.5" in changed.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "run.stepz=3"], "run.stepz: no such setting; the nearest is run.steps"),
        (["--set", "run.steps=many"], "run.steps: expected a valid integer, got 'many'"),
        (["--set", "run.steps"], "--set: expected NAME=VALUE"),
    ],
)
def test_settings_that_cannot_be_are_one_sentence(desk: Desk, arguments: list[str], said: str) -> None:
    result = desk.run(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"tenshot: error: {said}")
    assert len(result.stderr.splitlines()) == 1
    assert not (desk.folder / "out").exists()


def test_a_broken_file_names_the_place(desk: Desk) -> None:
    (desk.folder / "parts.yaml").write_text("tasks:\n  - folder: parts\n run: 3\n")
    result = desk.run()
    assert result.exit_code == 2
    assert "parts.yaml: expected YAML, but in line 3, column 2" in result.stderr


def test_a_file_that_is_not_there_is_named(desk: Desk) -> None:
    result = desk.run(config="other.yaml")
    assert result.exit_code == 2
    assert result.stderr == "tenshot: error: other.yaml: expected a YAML file of settings, found nothing\n"


def test_on_a_terminal_there_is_a_bar_with_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(force_terminal=True, width=120, file=(shown := io.StringIO()))
    monkeypatch.setattr(teaching, "stderr", lambda: console)
    with teaching._Watcher(quiet=False) as watcher:
        watcher.step(0, 10)
        watcher.step(4, 10)
        watcher.row({"step": 4, "loss": 0.123456, "far": 2.0, "seconds": 0.1})
    text = shown.getvalue()
    assert "4/10" in text
    assert "loss 0.123 · far 2" in text


def test_a_process_that_is_not_the_first_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with teaching._Watcher(quiet=True) as watcher:
        watcher.step(0, 10)
        watcher.row({"step": 4, "loss": 0.1, "seconds": 0.1})
        watcher.remark("hello")
    assert capsys.readouterr() == ("", "")
