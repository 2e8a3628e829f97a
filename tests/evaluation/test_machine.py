from __future__ import annotations

import getpass
import json
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tenshot.evaluation import machine
from tenshot.evaluation.machine import code_digest, commit, describe_machine, installed_versions, one_line

if TYPE_CHECKING:
    import pytest


def test_a_machine_is_described_but_not_named() -> None:
    described = describe_machine()
    said = json.dumps(described) + one_line(described)
    assert described["cpu"]
    assert 1 <= int(described["cores"]) <= (os.cpu_count() or 1)
    assert float(described["memory_gib"]) > 0.1
    assert "/" not in said.replace("AMD/", "")
    for private in (platform.node(), str(Path.cwd()), str(Path.home())):
        assert not private or private not in said
    assert not re.search(rf"\b{re.escape(getpass.getuser())}\b", said)


def test_versions_of_what_is_not_installed_are_none() -> None:
    assert installed_versions(["numpy", "no-such-package"])["no-such-package"] is None
    assert installed_versions(["numpy"])["numpy"]


def test_the_digest_follows_the_code_that_decides_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert code_digest() == code_digest()
    monkeypatch.setattr(machine, "PACKAGE", tmp_path)
    for room in ("core", "cli"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "a.py").write_text("x = 1\n")
    before = code_digest()
    (tmp_path / "cli" / "a.py").write_text("x = 2\n")
    assert code_digest() == before
    (tmp_path / "core" / "a.py").write_text("x = 2\n")
    assert code_digest() != before


def test_the_commit_says_whether_the_sources_were_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "PACKAGE", tmp_path)
    assert commit() is None
    for command in (
        ["init", "-q"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x", "--allow-empty"],
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    clean = commit()
    assert clean is not None
    assert re.fullmatch(r"[0-9a-f]{12}", clean)
    (tmp_path / "new.py").write_text("")
    assert commit() == f"{clean}+"
