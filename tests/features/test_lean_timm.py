from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src"


def run(program: str) -> str:
    """Runs a program in a Python that has not imported anything yet."""
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(SOURCE)}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_timm_comes_without_the_compiler_which_works_when_it_is_wanted() -> None:
    program = """
import sys
import torch
from tenshot.features.lean_timm import import_timm

timm = import_timm()
assert timm is import_timm() is sys.modules["timm"]
assert timm.create_model("test_resnet")(torch.zeros(1, 3, 64, 64)).shape == (1, 1000)
left = [name for name in sys.modules if name.startswith("torch._dynamo")]
assert left == [], left

import torch._dynamo
assert torch._dynamo.__file__
assert torch.compile(lambda x: x + 1, backend="eager")(torch.ones(1)).item() == 2
print("done")
"""
    assert run(program) == "done"


def test_a_timm_that_asks_for_more_gets_the_compiler() -> None:
    program = """
import contextlib
import sys
from tenshot.features import lean_timm

real = lean_timm._stand_ins

@contextlib.contextmanager
def failing():
    with real():
        yield
        raise ImportError("the compiler was asked for something else")

lean_timm._stand_ins = failing
timm = lean_timm.import_timm()
assert "torch._dynamo" in sys.modules
assert sys.modules["torch._dynamo"].__file__
assert timm.is_model("resnet18")
print("done")
"""
    assert run(program) == "done"
