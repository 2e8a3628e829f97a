"""The README's own commands and snippets run, on photos made up here."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

README = Path(__file__).resolve().parents[1] / "README.md"


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)


def _commands() -> Iterator[str]:
    for block in _blocks("console"):
        for line in block.splitlines():
            if line.startswith("$ tenshot "):
                yield line.removeprefix("$ ")


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    texture = random.integers(90, 150, (96, 96, 3), dtype=np.uint8)
    for folder, names in (("good", ["01", "02", "03"]), ("today", ["17"]), ("more-good", ["31"])):
        (tmp_path / folder).mkdir()
        for name in names:
            noise = random.integers(0, 12, texture.shape, dtype=np.uint8)
            Image.fromarray(texture + noise).save(tmp_path / folder / f"{name}.png")
    for kind, count in (("good", 20), ("bad", 2)):
        (tmp_path / "my_parts" / kind).mkdir(parents=True)
        for index in range(count):
            pixels = texture + random.integers(0, 12, texture.shape, dtype=np.uint8)
            pixels[40:60, 40:60] = 250 if kind == "bad" else pixels[40:60, 40:60]
            Image.fromarray(pixels).save(tmp_path / "my_parts" / kind / f"{index}.png")
    return tmp_path


def test_commands_run_in_the_order_they_are_shown(workplace: Path) -> None:
    tenshot = shutil.which("tenshot", path=str(Path(sys.executable).parent)) or "tenshot"
    commands = list(_commands())
    assert len(commands) >= 5
    for command in commands:
        words = shlex.split(command)
        done = subprocess.run([tenshot, *words[1:]], cwd=workplace, capture_output=True, text=True, check=False)
        allowed = {0, 1} if "--fail-on-anomaly" in words else {0}
        assert done.returncode in allowed, f"{command}\n{done.stdout}\n{done.stderr}"
    assert (workplace / "results" / "report.html").is_file()
    assert (workplace / "tenshot-benchmark" / "report.html").is_file()


def test_python_snippets_run(workplace: Path) -> None:
    for snippet in _blocks("python"):
        run = [sys.executable, "-c", snippet]
        done = subprocess.run(run, cwd=workplace, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
