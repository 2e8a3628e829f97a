from __future__ import annotations

import json
from pathlib import Path

import pytest

from tenshot.core.errors import ExtractorError, InputError
from tenshot.evaluation.benchmark import subjects as module
from tenshot.evaluation.benchmark.subjects import Subject, code_digest, parse_subject, variants, with_controls
from tenshot.features import build_extractor, shipped


def test_a_detector_may_be_named_with_an_extractor() -> None:
    assert parse_subject("nearest") == Subject("nearest")
    found = parse_subject("adaptive@resnet10", weights={"resnet10": Path("w.safetensors"), "other": Path("o")})
    assert found == Subject("adaptive", "resnet10", "w.safetensors")
    assert found.name == "adaptive@resnet10"


@pytest.mark.parametrize(
    ("text", "message"), [("nobody", "expected one of .*adaptive"), ("nearest@", "NAME@EXTRACTOR")]
)
def test_an_unknown_detector_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_subject(text)


def test_every_combination_of_settings_is_a_row_of_its_own() -> None:
    found = variants(Subject("paper"), {"receptive_field": [1, 3], "scoring.smoothing": [0, 4]})
    assert [each.name for each in found] == [
        f"paper l={field} smoothing={smoothing}" for field in (1, 3) for smoothing in (0, 4)
    ]
    built = found[2].build(build_extractor)
    assert built.settings["coding"]["receptive_field"] == 3
    assert built.settings["scoring"]["smoothing"] == 0
    assert built.settings["coding"]["shrinkage"] == "sigshrink", "the detector's own settings stay"
    assert variants(Subject("paper"), {}) == (Subject("paper"),)


def test_a_setting_that_does_not_exist_is_refused() -> None:
    [odd] = variants(Subject("adaptive", "resnet10"), {"coding.nonsense": [1]})
    with pytest.raises(InputError, match="nonsense"):
        odd.build(build_extractor)


def test_what_is_trained_stands_beside_its_controls() -> None:
    names = [each.name for each in with_controls([Subject("maml_ae"), Subject("adaptive")], nearest=Subject("nearest"))]
    assert names == ["maml_ae", "adaptive", "maml_ae untrained", "nearest"]
    assert [each.name for each in with_controls([Subject("adaptive")], nearest=Subject("nearest"))] == ["adaptive"]


def test_a_description_is_plain_and_names_no_folder() -> None:
    [subject] = variants(Subject("adaptive", "x", "/somewhere/w.safetensors"), {"receptive_field": [3]})
    text = json.dumps(subject.describe())
    assert "somewhere" not in text
    assert "w.safetensors" in text


def test_rows_with_and_without_an_adapter_are_told_apart() -> None:
    settings = {"extractor.adapter": ["none", "episodic", "/lab/tries/b7.safetensors"]}
    rows = variants(Subject("adaptive"), settings)
    assert [each.name for each in rows] == [
        "adaptive adapter=none",
        "adaptive adapter=episodic",
        "adaptive adapter=b7.safetensors",
    ]
    assert rows[2].describe()["changes"] == {"extractor": {"adapter": "b7.safetensors"}}


def test_every_detector_says_which_files_decide_what_it_computes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    ours, adapter, own = (
        tmp_path / f"{name}.safetensors" for name in ("tenshot_resnet10", "efficientnet_lite0-adapter", "own")
    )
    for file in (ours, adapter, own):
        file.touch()
    episodic = {"extractor": {"adapter": "episodic"}}
    assert Subject("adaptive").files() == ()
    assert Subject("difference").files() == ()
    assert Subject("padim", changes=episodic).files() == (adapter,)
    assert Subject("paper", "tenshot_resnet10").files() == (ours,)
    assert Subject("nearest", "tenshot_resnet10_untrained").files() == (ours,)
    assert Subject("pca", "resnet10", str(own)).files() == (own,)
    with pytest.raises(ExtractorError, match=r"expected an extractor that has one \(efficientnet_lite0\), got"):
        Subject("paper", changes=episodic).files()


def test_rows_of_trained_networks_and_their_controls_are_built_at_their_own_size() -> None:
    for name in ("paper@tenshot_resnet10", "adaptive@tenshot_resnet10", "adaptive@tenshot_resnet10_untrained"):
        built = parse_subject(name).build(build_extractor)
        assert built.extractor.spec.name == name.partition("@")[2]
        assert built.config.image_size is None
        assert built.settings["extractor"]["image_size"] == built.extractor.spec.image_size


def test_only_code_that_decides_a_score_makes_other_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, list[str]] = {}
    for name in ("adaptive", "padim", "maml_ae"):
        monkeypatch.setattr(module, "sources_digest", lambda modules, name=name: asked.update({name: modules}) or name)
        assert code_digest(Subject(name)) == name
    assert set(asked["padim"]) - set(asked["adaptive"]) == {"tenshot.detectors.padim.entry"}
    assert "tenshot.evaluation.benchmark.teaching" in asked["maml_ae"]
    assert "tenshot.evaluation.benchmark.teaching" not in asked["adaptive"]
