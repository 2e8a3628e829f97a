from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tenshot.cli.describing import as_json, describe

SUMMARY = {
    "extractor": {"name": "resnet10", "layers": [1, 2], "weights": "abc", "adapter": "small"},
    "input_size": [64, 96],
    "tile": 48,
    "config": {
        "dictionary": {"augment": "flips"},
        "coding": {"method": "full", "receptive_field": 3},
        "scoring": {"map": "gradient", "score": "energy"},
    },
    "atoms": 2048,
    "has_roi": True,
    "false_alarm_rate": 0.05,
    "threshold": 0.5,
    "map_threshold": 0.25,
    "support": [
        {"id": "aaaa", "name": "good/[b]1.png", "digest": "aaaaaa", "score": 0.1},
        {"id": "bbbb", "name": "good/2.png", "digest": "bbbbbb", "score": 0.7},
    ],
    "notes": ["Two photos promise little."],
}
ADAPTED: Any = SimpleNamespace(summary=lambda: SUMMARY)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "part.tenshot"
    file.write_bytes(bytes(1_500_000))
    return file


def test_people_see_photos_worst_first_then_settings_then_promises(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    describe(ADAPTED, Path(file.name))
    printed = capsys.readouterr().out
    expected = [
        "bbbb",
        "good/2.png",
        "0.7000",
        "aaaa",
        "good/[b]1.png",
        "0.1000",
        "part.tenshot (1.5 MB)",
        "wanted false-alarm rate 0.05",
        "resnet10 with adapter small, layers 1, 2",
        "64 x 96 pixels, tiles of 48",
        "2048 atoms, augmentation flips",
        "full, receptive field 3",
        "gradient, energy",
        "Two photos promise little.",
    ]
    places = [printed.index(text) for text in expected]
    assert places == sorted(places)


def test_programs_get_everything(file: Path) -> None:
    assert json.loads(as_json(ADAPTED, file)) == {"file": str(file), "bytes": 1_500_000, **SUMMARY}
