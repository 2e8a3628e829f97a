from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from tenshot.core.config import Settings
from tenshot.core.errors import InputError
from tenshot.detectors.entries import Materials
from tenshot.detectors.featured import FeatureSettings
from tenshot.detectors.settings import WorstShare, apply_changes

if TYPE_CHECKING:
    from pathlib import Path


class Plain(Settings):
    size: int = 8
    scoring: WorstShare = WorstShare()


class Seeing(FeatureSettings):
    scoring: WorstShare = WorstShare()


def materials(**given: Any) -> Materials:
    return Materials(extractors=lambda _: pytest.fail("settings need no network"), **given)


def test_without_changes_settings_are_the_methods_own() -> None:
    assert apply_changes(Plain, materials()) == Plain()


def test_settings_change_by_section_and_name_and_the_rest_stays() -> None:
    changed = apply_changes(Plain, materials(changes={"detector": {"size": 3}, "scoring": {"worst_share": 0.5}}))
    assert changed == Plain(size=3, scoring=WorstShare(worst_share=0.5, smoothing=4.0))


def test_another_extractor_is_taken_with_its_weights(tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    changed = apply_changes(Seeing, materials(extractor="resnet10", weights_file=str(file)))
    assert (changed.extractor.name, changed.extractor.weights) == ("resnet10", file)


def test_changes_of_the_extractor_add_to_its_name() -> None:
    changes = {"extractor": {"neighbourhood": 5}}
    changed = apply_changes(Seeing, materials(extractor="resnet10", changes=changes))
    assert (changed.extractor.name, changed.extractor.neighbourhood) == ("resnet10", 5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"coding": {"method": "full"}}, "coding: .*not permitted"),
        ({"scoring": {"worst": 0.1}}, r"scoring\.worst: .*not permitted, got 0\.1"),
        ({"scoring": {"worst_share": 0}}, r"scoring\.worst_share: .*greater than 0, got 0"),
        ({"scoring": {"worst_share": 1.5}}, r"scoring\.worst_share: .*less than or equal to 1, got 1\.5"),
        ({"scoring": {"smoothing": -1}}, r"scoring\.smoothing: .*greater than or equal to 0, got -1"),
        ({"scoring": {"smoothing": float("nan")}}, r"scoring\.smoothing: .*finite"),
        ({"detector": {"size": "large"}}, "size: .*integer.*'large'"),
    ],
)
def test_refused(changes: dict[str, dict[str, object]], words: str) -> None:
    with pytest.raises(InputError, match=words):
        apply_changes(Plain, materials(changes=changes))


def test_a_method_without_an_extractor_refuses_one() -> None:
    with pytest.raises(InputError, match=r"extractor: expected none, .* got 'resnet10'"):
        apply_changes(Plain, materials(extractor="resnet10"))


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Plain().size = 9
