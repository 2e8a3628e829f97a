from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tenshot.core.errors import InputError
from tenshot.data.known import own_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Put = Callable[..., Path]


@pytest.mark.parametrize(("good", "bad"), [("good", "bad"), ("OK", "NG"), ("normal", "anomalous"), ("pass", "Fail")])
def test_good_and_bad(put: Put, good: str, bad: str) -> None:
    put(*(f"part/{good}/{index}.png" for index in range(7)))
    root = put(f"part/{bad}/1.png", f"part/{bad}/scratch/1.png", f"part/{bad}/scratch/deep/2.png") / "part"
    assert own_folder.looks_like(root)
    [category] = own_folder.read(root)
    assert (category.name, category.about) == ("part", "")
    assert [(image.defect, category.label(image.source)) for image in category.test if image.is_anomalous] == [
        (bad, f"{bad}/1.png"),
        ("scratch", f"{bad}/scratch/1.png"),
        ("scratch", f"{bad}/scratch/deep/2.png"),
    ]
    judged = {image.source for image in category.test if not image.is_anomalous}
    assert (len(category.train_good), len(judged), len(judged | set(category.train_good))) == (3, 4, 7)
    assert category.lacks == "No pixel metrics: no anomalous image has a mask."
    assert own_folder.read(root) == (category,)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["good/1.png", "good/2.png"], "at least two good photos and a bad one are needed, got 2 and 0"),
        (["good/1.png", "bad/2.png"], "needed, got 1 and 1"),
        (["good/1.png", "good/2.png", "bad/2.png", "ok/1.png"], "one folder may hold the good photos, got good and ok"),
        (
            ["good/1.png", "good/2.png", "bad/2.png", "dent/1.png"],
            "dent: beside part/good, photos lie in a folder called",
        ),
        (["good/1.png", "good/2.png", "bad/good/2.png"], "bad/good: a folder of good photos lies inside"),
        (["good/deep.txt", "bad/1.png"], "good holds no images"),
    ],
)
def test_what_is_neither_is_named(put: Put, tmp_path: Path, names: list[str], words: str) -> None:
    root = tmp_path / "part"
    (root / "good").mkdir(parents=True)
    put(*(f"part/{name}" for name in names if name.endswith(".png")))
    with pytest.raises(InputError, match=words):
        own_folder.read(root)
