from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tenshot.core.errors import MissingError, TenshotError
from tenshot.evaluation import speed
from tenshot.evaluation.processes import Run
from tenshot.evaluation.speed import run_speed

if TYPE_CHECKING:
    from pathlib import Path

FIGURES: dict[str, dict[str, Any]] = {
    "photos": {},
    "weights": {},
    "ratios": {
        "warm_up": {"pairs": 1, "adaptations": 1},
        "forward": [9.0, 0.010, 0.010, 0.020],
        "score": [9.0, 0.014, 0.014, 0.028],
        "predict": [9.0, 0.016, 0.016, 0.030],
        "adapt": [9.0, 0.3, 0.3],
        "forwards": [9.0, 0.1, 0.1],
        "solvers": {"default": [0.004], "full": [0.4]},
    },
    "adapt": {"adapt": 0.5, "score": [9.0] * 10 + [0.020] * 20},
    "start": {"scored_at": 102.0},
    "engine": {"fit": 3.0, "predict": 1.0},
}


class Processes:
    """Stands in for fresh processes: answers by what is asked of whom, and may have the peer fail."""

    def __init__(self, *, failing: str = "") -> None:
        self.asked: list[str] = []
        self.failing = failing

    def __call__(self, command: tuple[str | Path, ...], *, threads: int, folder: Path) -> Run:
        words = [str(word) for word in command]
        is_peer = any(word.endswith("peer.py") for word in words)
        kind = next((word for word in words if word in FIGURES), "whole")
        self.asked.append(f"peer {kind}" if is_peer else kind)
        if is_peer and kind == self.failing:
            msg = "the peer fell over"
            raise TenshotError(msg)
        if kind == "photos":
            (folder / "query").mkdir()
            (folder / "query" / "00.png").touch()
        report = FIGURES.get(kind, {"seconds": 0.01, "torch": False})
        report = report | {"adapt": 2.0} if is_peer and kind == "adapt" else report
        return Run(wall=0.2 * threads, peak=1500.0 if is_peer else 500.0, report=report, started=100.0)


def _bench(out: Path, monkeypatch: pytest.MonkeyPatch, processes: Processes, *, peer: bool = True) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(speed, "run_process", processes)
    monkeypatch.setattr(speed, "peer_python", lambda folder, **_: folder / "bin" / "python")
    run_speed(out, rounds=3, threads=2, peer=out.parent / "peer" if peer else None, tell=said.append)
    return said


def _row(out: Path, label: str) -> list[str]:
    line = next(line for line in out.read_text().splitlines() if line.startswith(f"| {label}"))
    return [part.strip() for part in line.split("|")[2:-1]]


def test_sides_take_turns_and_the_table_divides_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    processes, out = Processes(), tmp_path / "speed.md"
    _bench(out, monkeypatch, processes)
    turn = ["adapt", "adapt", "peer adapt", "start", "peer start", "whole", "peer engine"]
    assert processes.asked[-3 * len(turn) :] == turn * 3
    assert _row(out, "scoring one photo ÷ forward pass") == ["1.40", "at most 1.5", "met"]
    assert _row(out, "adapting to ten ÷ ten forward passes") == ["3.00", "at most 2", "missed"]
    assert _row(out, "adapting to ten photos, s") == ["0.50", "0.50", "2.00", "4.0"]
    assert _row(out, "one photo, file to map, ms") == ["20.0", "20.0", "20.0", "1.0"]
    assert _row(out, "fresh process to first score")[:1] == ["2.00"]
    assert _row(out, "peak memory of adapting and scoring ten, MiB") == ["500", "500", "1500", "3.0"]
    text = out.read_text() + out.with_suffix(".json").read_text()
    assert str(tmp_path) not in text
    assert len(json.loads(out.with_suffix(".json").read_text())["cells"]) == 1 + speed.STARTS + 3 * len(turn)


@pytest.mark.parametrize("failing", ["adapt", "engine"])
def test_a_peer_that_falls_over_does_not_stop_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    processes, out = Processes(failing=failing), tmp_path / "speed.md"
    said = _bench(out, monkeypatch, processes)
    assert processes.asked.count(f"peer {failing}") == 1
    # Fresh processes that import or ask for help are asked in no kind's name, as is the whole run.
    assert processes.asked.count("whole") == 3 + 2 * speed.STARTS
    assert "the peer fell over" in out.read_text()
    assert any("going on without the peer" in line for line in said)


def test_a_peer_that_cannot_be_installed_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Path:
        msg = "anomalib==2.7.0: cannot be installed here (no network)"
        raise MissingError(msg)

    processes = Processes()
    monkeypatch.setattr(speed, "run_process", processes)
    monkeypatch.setattr(speed, "peer_python", refuse)
    run_speed(tmp_path / "speed.md", rounds=1, threads=2, peer=tmp_path / "peer", tell=lambda _: None)
    assert "cannot be installed here (no network)" in (tmp_path / "speed.md").read_text()
    assert not any(asked.startswith("peer") for asked in processes.asked)


def test_the_peer_can_be_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    processes, out = Processes(), tmp_path / "speed.md"
    _bench(out, monkeypatch, processes, peer=False)
    assert not any(asked.startswith("peer") for asked in processes.asked)
    assert _row(out, "adapting to ten photos, s") == ["0.50", "0.50", "–", "–"]
