from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
from pydantic import ValidationError

from tenshot.evaluation.benchmark.schema import Results

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

ROOT = Path(__file__).resolve().parents[3]
WRITTEN = json.loads((ROOT / "docs" / "benchmark.schema.json").read_text())
PUBLISHED = sorted((ROOT / "benchmarks" / "results").glob("*/results.json"))


def test_the_written_schema_is_that_of_the_code() -> None:
    assert Results.model_json_schema(mode="serialization") == WRITTEN, "write docs/benchmark.schema.json anew from it"


def test_results_fit_the_written_schema(made_up: Results) -> None:
    jsonschema.validate(json.loads(made_up.model_dump_json()), WRITTEN)


def test_the_file_has_a_line_per_cell_and_loses_nothing(made_up: Results) -> None:
    text = made_up.as_text()
    assert Results.model_validate_json(text) == made_up
    assert json.loads(text) == json.loads(made_up.model_dump_json())
    assert sum('"image_auroc"' in line for line in text.splitlines()) == len(made_up.cells)
    empty = made_up.model_copy(update={"costs": ()})
    assert Results.model_validate_json(empty.as_text()) == empty


@pytest.mark.parametrize("file", PUBLISHED, ids=lambda file: file.parent.name)
def test_published_results_fit_the_schema_and_the_code(file: Path) -> None:
    jsonschema.validate(json.loads(file.read_text()), WRITTEN)
    Results.model_validate_json(file.read_text())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content["cells"][0].update(image_auroc=1.2),
        lambda content: content["cells"][0].update(more=1),
        lambda content: content["cells"][0].pop("seed"),
        lambda content: content.update(format=2),
        lambda content: content["detectors"][0].update(kind="magic"),
    ],
)
def test_other_content_does_not_fit(made_up: Results, spoil: Callable[[Any], None]) -> None:
    content = json.loads(made_up.model_dump_json())
    spoil(content)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, WRITTEN)
    with pytest.raises(ValidationError):
        Results.model_validate(content)
