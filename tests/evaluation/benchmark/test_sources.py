from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tenshot.evaluation.benchmark import sources
from tenshot.evaluation.benchmark.sources import sources_digest, sources_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package: ``a`` imports ``b`` within a function and ``c`` for annotations; ``b`` imports ``room.d``."""
    root = tmp_path / "tenshot"
    (root / "room").mkdir(parents=True)
    for name in ("__init__", "c", "lonely", "room/__init__", "room/d", "room/e"):
        (root / f"{name}.py").write_text("x = 1\n")
    (root / "a.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import tenshot.c\n\n"
        "def f():\n    from tenshot.b import x\n    import numpy\n"
    )
    (root / "b.py").write_text("from tenshot.room import d\nimport tenshot\n")
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    sources._imports.cache_clear()
    return root


def test_what_is_imported_near_or_far_is_found(house: Path) -> None:
    found = [file.relative_to(house).as_posix() for file in sources_of(["tenshot.a"])]
    assert found == ["__init__.py", "a.py", "b.py", "room/__init__.py", "room/d.py"]


@pytest.mark.parametrize(
    ("changed", "matters"), [("a", True), ("room/d", True), ("c", False), ("room/e", False), ("lonely", False)]
)
def test_a_change_matters_where_it_is_imported(house: Path, changed: str, matters: bool) -> None:
    before = sources_digest(["tenshot.a"])
    (house / f"{changed}.py").write_text((house / f"{changed}.py").read_text() + "# changed\n")
    assert (sources_digest(["tenshot.a"]) != before) is matters


def test_a_module_that_is_not_there_is_a_fault() -> None:
    with pytest.raises(ValueError, match=r"tenshot\.nothing"):
        sources_of(["tenshot.nothing"])


def test_nothing_that_is_loaded_is_missed() -> None:
    """Python itself is the oracle: whatever an import of the product's detector loads has been found by reading.

    Packages that were only passed through on the way to a module inside them decide nothing.
    """
    entry = "tenshot.detectors.adaptive_energy.entry"
    script = f"import sys, {entry}; print(*(name for name in sys.modules if name.startswith('tenshot')))"
    run = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    files = (file.relative_to(sources.ROOT).with_suffix("") for file in sources_of([entry]))
    found = {".".join(file.parts).removesuffix(".__init__") for file in files}
    passed_through = {name.rpartition(".")[0] for name in found} | {"tenshot"}
    assert set(run.stdout.split()) - found - passed_through == set()
