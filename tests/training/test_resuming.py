from __future__ import annotations

from typing import Any

import pytest

from tenshot.training.resuming import first_difference

CONFIG: dict[str, Any] = {
    "seed": 0,
    "tasks": [{"folder": "a"}],
    "optimiser": {"rate": 0.1},
    "run": {"steps": 5, "clip": 1},
}


def test_what_decides_nothing_may_differ() -> None:
    run = {"steps": 9, "log_every": 1, "processes": 2, "accelerator": "cpu", "pictures_every": 0, "clip": 1}
    assert first_difference(CONFIG, {**CONFIG, "run": run, "memory": 5}) is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"seed": 1}, ("seed", 0, 1)),
        ({"optimiser": {"rate": 0.2}, "run": {"clip": 3}}, ("optimiser.rate", 0.1, 0.2)),
        (
            {"tasks": [{"folder": "a"}, {"folder": "b"}]},
            ("tasks", [{"folder": "a"}], [{"folder": "a"}, {"folder": "b"}]),
        ),
        ({"run": {"clip": None}}, ("run.clip", 1, None)),
    ],
)
def test_the_first_difference_is_named(change: dict[str, Any], expected: tuple[str, Any, Any]) -> None:
    assert first_difference(CONFIG, {**CONFIG, **change}) == expected


def test_what_is_new_or_gone_differs() -> None:
    new = first_difference(CONFIG, {**CONFIG, "more": {"x": 1}})
    assert new is not None
    assert (new[0], new[2]) == ("more.x", 1)
    gone = first_difference(CONFIG, {name: value for name, value in CONFIG.items() if name != "seed"})
    assert gone is not None
    assert gone[:2] == ("seed", 0)
