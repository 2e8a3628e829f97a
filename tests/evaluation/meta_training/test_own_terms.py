from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import PIL.Image
import pytest
import torch

from tenshot.core.errors import ExtractorError, InputError
from tenshot.evaluation.meta_training import own_terms
from tenshot.evaluation.meta_training.own_terms import parse_weights, run_own_terms
from tenshot.evaluation.meta_training.probing import Grid

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def judge(tmp_path: Path, small: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Judges weights on products; gives what was told."""
    monkeypatch.setattr(own_terms, "code_digest", lambda _: "the same code all along")

    def act(*weights: str, **options: Any) -> list[str]:
        told: list[str] = []
        usual = {"seeds": 1, "episodes": 2, "changes": small}
        run_own_terms(
            tmp_path / "own.md",
            weights=weights,
            tasks=["products"],
            sheet_of="products",
            grid=Grid(sizes=(0.001,), steps=(1,)),
            threads=torch.get_num_threads(),
            tell=told.append,
            **{**usual, **options},
        )
        return told

    return act


def test_weights_have_a_name() -> None:
    assert parse_weights("longer=runs/2/weights.safetensors") == ("longer", Path("runs/2/weights.safetensors"))
    assert parse_weights("runs/own.safetensors") == ("own", Path("runs/own.safetensors"))


def test_trained_weights_are_compared_with_their_untrained_twin(
    judge: Callable[..., list[str]], weights: Path, tmp_path: Path
) -> None:
    assert judge(str(weights)) == ["moved, trained, seed 0", "moved, untrained, seed 0"]
    content = json.loads((tmp_path / "own.json").read_text())
    assert [(cell["network"], cell["state"]) for cell in content["cells"]] == [
        ("moved", "trained"),
        ("moved", "untrained"),
    ]
    assert content["settings"]["grid"] == {"sizes": [0.001, 0.005], "steps": [1]}, "with the point of the settings"
    assert content["cells"][0]["facts"] != content["cells"][1]["facts"]
    page = (tmp_path / "own.md").read_text()
    assert page.startswith("# On its own terms\n")
    assert "(own.png)" in page
    assert "tasks of kind products" in page
    with PIL.Image.open(tmp_path / "own.png") as sheet:
        assert min(sheet.size) > 100

    assert judge(str(weights)) == [], "nothing is measured twice"
    assert (tmp_path / "own.md").read_text() == page
    assert judge(f"again={weights}")[0] == "again, trained, seed 0"
    assert {cell["network"] for cell in json.loads((tmp_path / "own.json").read_text())["cells"]} == {"again"}


def test_two_weights_of_one_name_are_refused(judge: Callable[..., list[str]], weights: Path) -> None:
    with pytest.raises(InputError, match=r"expected a name of its own, as NAME=FILE, got a twice$"):
        judge(f"a={weights}", f"a={weights}")


def test_a_file_of_something_else_is_one_sentence_and_leaves_nothing(
    judge: Callable[..., list[str]], tmp_path: Path
) -> None:
    file = tmp_path / "page.md"
    file.write_text("# No weights\n")
    with pytest.raises(ExtractorError, match=r"page\.md: expected a safetensors file") as raised:
        judge(str(file))
    assert "\n" not in str(raised.value)
    assert list(tmp_path.iterdir()) == [file]
