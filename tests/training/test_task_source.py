from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tenshot.core.config import validated
from tenshot.core.errors import InputError
from tenshot.training.task_source import TaskSource


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"crop": (0.6, 0.4)}, "expected the smaller share first, got 0.6, 0.4"),
        ({"crop": (0.0, 0.4)}, "crop.0"),
        ({"kind": "videos"}, "kind"),
        ({"limit": 0}, "limit"),
        ({"weight": 0}, "weight"),
        ({"foldr": "x"}, "foldr"),
        ({"folder": None}, "folder: expected one for tasks of kind images, got none; only products need no pictures"),
        ({"seed": -1}, "seed"),
    ],
)
def test_impossible_sources_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        validated(TaskSource, {"folder": "x", **values})


def test_a_folder_is_enough() -> None:
    source = validated(TaskSource, {"folder": "x"})
    assert (source.folder, source.kind) == (Path("x"), "images")


def test_products_need_nothing() -> None:
    source = validated(TaskSource, {"kind": "products"})
    assert (source.folder, source.limit) == (None, None)
