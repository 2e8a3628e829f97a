from __future__ import annotations

from typing import Any

import pytest

from tenshot.core.config import Settings, validated
from tenshot.core.errors import InputError
from tenshot.training.lesson_settings import AdapterSettings, DistilSettings, RealSettings
from tenshot.training.settings import TrainingConfig


@pytest.mark.parametrize(
    ("model", "values", "said"),
    [
        (DistilSettings, {"crop": (0.9, 0.5)}, "crop: expected the smaller share first, got 0.9, 0.5"),
        (DistilSettings, {"pairs": [(0, 0), (0, 0)]}, "pairs: expected pairs that differ"),
        (DistilSettings, {"pairs": [], "head": 0}, "at least one unless head > 0"),
        (DistilSettings, {"pairs": [(4, 0)]}, "less than 4"),
        (DistilSettings, {"pictures": 3}, "multiple of 2"),
        (DistilSettings, {"damaged": 0.6}, "less than or equal to 0.5"),
        (AdapterSettings, {"scale": False, "balance": False}, "something to learn"),
        (
            AdapterSettings,
            {"extractor": {"adapter": "episodic"}},
            "expected one without an adapter, got adapter=episodic",
        ),
        (AdapterSettings, {"shots": []}, "at least 1 item"),
        (AdapterSettings, {"atoms": 100}, "greater than or equal to 128"),
        (RealSettings, {"every": 0}, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_is_refused(model: type[Settings], values: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        validated(model, values)


def test_crops_must_fit_the_strides_of_the_network_that_sees_them() -> None:
    values = {"tasks": [{"folder": "x"}], "distil": {"size": 40}}
    assert TrainingConfig.model_validate(values).distil.size == 40
    with pytest.raises(InputError, match=r"distil\.size: expected a multiple of 16 above it.*, got 40"):
        validated(TrainingConfig, {**values, "lesson": "distil"})


def test_only_the_head_or_only_stages_may_be_matched() -> None:
    assert DistilSettings(pairs=()).head > 0
    assert DistilSettings(head=0.0).pairs


def test_the_defaults_leave_an_extractor_as_it_is() -> None:
    assert AdapterSettings().extractor == DistilSettings().teacher
    assert AdapterSettings().extractor.adapter is None
    assert RealSettings().folders == ()
