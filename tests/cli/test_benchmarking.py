from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest

from tenshot.cli.benchmarking import _told, conditions, subjects
from tenshot.cli.measuring_options import AblationOptions, ProtocolOptions, RobustnessOptions
from tenshot.core.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tenshot", "benchmark", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def own_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a user has: a folder of good photos, one of bad ones, no masks."""
    folder = tmp_path_factory.mktemp("own") / "brackets"
    generator = np.random.default_rng(0)
    for kind, count in (("good", 12), ("bad", 4)):
        (folder / kind).mkdir(parents=True)
        for index in range(count):
            pixels = 100 + 40 * np.sin(np.arange(48) / 4)[:, None] + generator.normal(0, 5, (48, 48))
            if kind == "bad":
                pixels[10:20, 10 + index : 25 + index] = 240
            PIL.Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / kind / f"{index}.png")
    return folder


def test_a_users_own_folder_takes_one_command_and_hears_what_it_lacks(own_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ("--detector", "difference", "background", "--shots", 1, 3, "--seeds", 2)
    done = run(own_folder, *options, "-o", out)
    assert done.returncode == 0, done.stderr
    assert "brackets: No pixel metrics: no anomalous image has a mask." in done.stderr
    assert "No pixel metrics" in (out / "results.md").read_text()
    assert "brackets" in (out / "report.html").read_text()
    content = json.loads((out / "results.json").read_text())
    assert len(content["cells"]) == 8
    assert all(cell["pixel_auroc"] is None and cell["image_auroc"] > 0.9 for cell in content["cells"])
    assert content["sets"][0]["lacks"].startswith("No pixel metrics")
    assert [cost["detector"] for cost in content["costs"]] == ["difference", "background"]
    assert all(cost["adapt_seconds"] > 0 and cost["peak_mib"] > 50 for cost in content["costs"])
    assert str(own_folder.parent) not in (out / "results.json").read_text() + (out / "report.html").read_text()

    again = run(own_folder, *options, "-o", out)
    assert again.returncode == 2
    assert "holds a benchmark already; go on with it by --resume" in again.stderr
    replayed = run(own_folder, *options, "--no-costs", "--support", out / "results.json", "-o", tmp_path / "replay")
    assert replayed.returncode == 0, replayed.stderr
    assert json.loads((tmp_path / "replay" / "results.json").read_text())["cells"] == content["cells"]


def test_the_list_names_detectors_and_sets() -> None:
    done = run("--list")
    assert done.returncode == 0
    for name in ("adaptive", "nearest", "padim", "maml_ae", "mvtec_ad", "visa", "solar_cells"):
        assert f"{name} " in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "SETS: expected at least one"),
        (("{own}", "--detector", "magic"), "detector: expected one of adaptive"),
        (("{own}", "--false-alarm-rate", "2"), "--false-alarm-rate: expected a number between 0 and 1, got 2"),
        (("{own}", "--shots", "50"), "shots: brackets has"),
        (("{own}", "--detector", "maml_ae", "--train-on", "nowhere"), "--train-on: expected a folder"),
        (("{own}", "--weights", "x"), "--weights: expected EXTRACTOR=FILE"),
        (("{own}", "--support", "nowhere.json"), "nowhere.json: expected the results.json"),
        (("{own}", "--weights", f"net={__file__}"), "--weights: expected an extractor that a detector is asked with"),
        (("{own}", "--train-on", "{own}"), "--train-on: expected a detector that learns from other products"),
        (("{own}", "--detector", "maml_ae", "--shots", "2", "--train-on", "{own}"), "brackets lies there"),
        (("{own}", "--detector", "maml_ae", "--train-apart"), "--train-apart: expected folders to train on"),
        (("{own}", "--set", "extractor.adapter=a/x", "extractor.adapter=b/x"), "adaptive adapter=x: expected one row"),
        (("{own}", "--shots", "2", "--set", "extractor.adapter=gone"), "adapter gone: expected none, episodic or a"),
        (("nowhere",), "nowhere"),
    ],
)
def test_a_mistake_is_one_sentence_and_nothing_is_written(
    own_folder: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = run(*(each.format(own=own_folder) for each in arguments), "-o", tmp_path / "out")
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_flags_become_conditions_beside_the_plain_one() -> None:
    flags = RobustnessOptions(pose=["none", "query", "both"], contaminate=[0, 5], corrupt=["blur:2", "jpeg:1"])
    assert conditions(flags) == ("plain", "rotate:query", "rotate:both", "contaminate:5", "blur:2", "jpeg:1")
    assert conditions(RobustnessOptions()) == ("plain",)


@pytest.mark.parametrize(
    ("flags", "message"),
    [({"pose": ["up"]}, "--pose: expected none, query, both, got 'up'"), ({"corrupt": ["rust:1"]}, "rust")],
)
def test_unknown_conditions_are_refused(flags: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        conditions(RobustnessOptions(**flags))


def test_flags_become_rows_of_their_own() -> None:
    protocol = ProtocolOptions(detector=["paper", "adaptive@resnet10"])
    names = [each.name for each in subjects(protocol, AblationOptions(sparsity=["on", "off"]))]
    assert names == [
        f"{name} shrinkage={kind}" for name in ("paper", "adaptive@resnet10") for kind in ("sigshrink", "none")
    ]
    names = [
        each.name
        for each in subjects(protocol, AblationOptions(vary_receptive_field=[1, 3], set=["scoring.map=gradient"]))
    ]
    assert names[:2] == ["paper l=1 map=gradient", "paper l=3 map=gradient"]
    assert [each.name for each in subjects(ProtocolOptions(), AblationOptions())] == ["adaptive", "nearest"]


def test_controls_can_be_left_out_but_only_by_asking() -> None:
    trained = ProtocolOptions(detector=["maml_ae"])
    assert [each.name for each in subjects(trained, AblationOptions())] == ["maml_ae", "maml_ae untrained", "nearest"]
    alone = ProtocolOptions(detector=["maml_ae"], no_controls=True)
    assert [each.name for each in subjects(alone, AblationOptions())] == ["maml_ae"]


def test_a_control_has_the_size_of_what_it_controls() -> None:
    sized = ProtocolOptions(detector=["padim", "maml_ae"], image_size=64)
    assert [each.name for each in subjects(sized, AblationOptions())][-1] == "nearest image_size=64"


@pytest.mark.parametrize(
    "flags", [{"sparsity": ["maybe"]}, {"shrinkage": ["hard"]}, {"set": ["x=1"]}, {"set": ["a.b"]}]
)
def test_unknown_variations_are_refused(flags: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"^--(sparsity|shrinkage|set): expected"):
        subjects(ProtocolOptions(), AblationOptions(**flags))


def test_a_command_is_told_without_the_folders_it_was_typed_in() -> None:
    typed = "benchmark mvtec_ad/pill /plant/me/my set/ --data ../x/data --weights net=/secret/w.safetensors -o out/here"
    told = _told(typed.replace("my set", "my_set").split())
    assert told == "tenshot benchmark mvtec_ad/pill my_set --data data --weights net=w.safetensors -o out/here"
    assert _told(["-o/plant/me/out", "--data=../x/data", "-o../out"]) == "tenshot -oout --data=data -oout"
