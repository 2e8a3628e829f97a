from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

import tenshot.evaluation
from tenshot.core.errors import MissingError
from tenshot.evaluation import peer_environment
from tenshot.evaluation.peer_environment import peer_python

PEER_SCRIPT = Path(tenshot.evaluation.__file__).with_name("peer.py")


class Commands:
    """Stands in for running commands: makes the folder a virtual environment would make."""

    def __init__(self, folder: Path, *, installs: bool = True) -> None:
        self.folder, self.installs = folder, installs
        self.run: list[tuple[str, ...]] = []

    def __call__(self, *command: str) -> None:
        self.run.append(command)
        if "venv" in command:
            version = peer_environment.sysconfig.get_python_version()
            (self.folder / "lib" / f"python{version}" / "site-packages").mkdir(parents=True, exist_ok=True)
        elif not self.installs:
            raise subprocess.CalledProcessError(1, command, stderr="ERROR: No matching distribution found\n")


def test_an_environment_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, said = tmp_path / "peer", list[str]()
    commands = Commands(folder)
    monkeypatch.setattr(peer_environment, "_run", commands)
    assert peer_python(folder, tell=said.append) == folder / "bin" / "python"
    assert peer_python(folder, tell=said.append) == folder / "bin" / "python"
    assert len(commands.run) == 2
    assert len(said) == 1
    assert (folder / ".gitignore").read_text() == "*\n"
    limits = (folder / "constraints.txt").read_text()
    assert "torch==" in limits
    assert "lightning!=2.6.2,!=2.6.3" in limits
    [sees] = folder.rglob("*.pth")
    assert (Path(sees.read_text().strip()) / "torch").is_dir()


def test_what_cannot_be_installed_is_said_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer_environment, "_run", Commands(tmp_path / "peer", installs=False))
    with pytest.raises(MissingError, match=r"anomalib==2.7.0: cannot be installed here .*No matching distribution"):
        peer_python(tmp_path / "peer", tell=lambda _: None)
    assert not (tmp_path / "peer" / "peer.json").exists()


def test_the_peer_knows_nothing_of_the_product() -> None:
    imports = [
        node for node in ast.walk(ast.parse(PEER_SCRIPT.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    names = {node.module if isinstance(node, ast.ImportFrom) else node.names[0].name for node in imports}
    assert not any(name is None or name.startswith("tenshot") for name in names)
    # Importable where the peer is not installed: its packages are imported where they are used.
    assert "anomalib" in PEER_SCRIPT.read_text()
    assert not any(
        isinstance(node, ast.Import | ast.ImportFrom) and "anomalib" in ast.unparse(node)
        for node in ast.parse(PEER_SCRIPT.read_text()).body
    )
