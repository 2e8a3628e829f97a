from __future__ import annotations

from pathlib import Path

import pytest

from tenshot.core.errors import ExtractorError
from tenshot.features.design import Design
from tenshot.features.resnet10 import HEAD, PAPER_STRIDES

FILE = Path("w.safetensors")


def test_what_is_written_is_read_again() -> None:
    design = Design(strides=(1, 2, 1, 1), layers=(1, 2, 4), image_size=96, neighbourhood=3, seed=7)
    facts = design.facts(recipe="episodes-1")
    assert facts["recipe"] == "episodes-1"
    assert facts["strides"] == "[1, 2, 1, 1]"
    assert Design.told_by(facts, file=FILE) == design


def test_a_file_that_says_nothing_holds_the_papers_network() -> None:
    assert Design.told_by({}, file=FILE) == Design(strides=PAPER_STRIDES, layers=(HEAD,))
    assert Design.told_by({"step": "900", "about": "no JSON"}, file=FILE) == Design(), "what others say is not ours"


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"strides": "[1, 2, 2]"}, r"metadata strides\.3: Field required"),
        ({"strides": "[1, 2, 2, 9]"}, r"metadata strides\.3: .*less than or equal to 2, got 9"),
        ({"layers": "[]"}, "metadata layers: .*at least 1"),
        ({"image_size": '"big"'}, "metadata image_size: .*integer.*'big'"),
        ({"neighbourhood": "2"}, "metadata neighbourhood: .*odd number, got 2"),
        ({"layers": "1, 2"}, "expected metadata in JSON, got '1, 2'"),
    ],
)
def test_metadata_that_cannot_be_is_named(facts: dict[str, str], message: str) -> None:
    with pytest.raises(ExtractorError, match=rf"weights w\.safetensors: {message}"):
        Design.told_by(facts, file=FILE)
