"""The commands, end to end, on small synthetic photos and on real ones."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image as Pillow

import tenshot as package

if TYPE_CHECKING:
    from conftest import Bench

COMMANDS = ("inspect", "adapt", "score", "info", "add", "remove", "demo")
SMALL = ("--image-size", 64)


def plain(text: str) -> str:
    """Help without colours, boxes and line breaks."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m|[│╭╮╰╯─]", " ", text).split())


def test_help_lists_the_commands_the_main_job_first(bench: Bench) -> None:
    text = plain(bench.run("--help").output)
    places = [text.index(heading) for heading in ("The main job inspect", "In two steps", "Looking after", "To try it")]
    assert places == sorted(places)
    assert all(f"{command} " in text[places[0] :] for command in COMMANDS)
    assert "tenshot inspect good/ today/ -o results" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(bench: Bench, command: str) -> None:
    result = bench.run(command, "--help")
    assert result.exit_code == 0
    assert "--debug" in result.output


def test_no_arguments_show_the_help_and_are_bad_use(bench: Bench) -> None:
    result = bench.run()
    assert result.exit_code == 2
    assert "Examples" in result.output


def test_version(bench: Bench) -> None:
    assert bench.run("--version").output == f"tenshot {package.__version__}\n"


def test_python_dash_m_is_the_same_command() -> None:
    run = subprocess.run([sys.executable, "-m", "tenshot", "--version"], check=True, capture_output=True, text=True)
    assert run.stdout == f"tenshot {package.__version__}\n"


def test_inspect_finds_the_bad_part_and_says_where_the_report_is(bench: Bench) -> None:
    result = bench.run("inspect", "good", "today", "-o", "results", *SMALL)
    assert result.exit_code == 0, result.stderr
    found = bench.scores()
    assert {name for name, row in found.items() if row["is_anomalous"] == "true"} == {"scratched.png"}
    assert len(found) == 4
    assert "4 inspected · 1 anomalous · 3 normal" in result.stdout
    lines = result.stdout.splitlines()
    assert next(line for line in lines if ".png" in line).split()[0] == "scratched.png"
    assert lines[-1] == "Report: results/report.html"
    assert (bench.out / "report.html").is_file()
    assert len(list((bench.out / "heatmaps").iterdir())) == 4
    assert result.stderr == ""


def test_adapt_then_score_agrees_with_inspect(bench: Bench) -> None:
    bench.run("inspect", "good", "today", "-o", "once", *SMALL)
    result = bench.run("score", "part.tenshot", "today", "-o", "results")
    assert result.exit_code == 0, result.stderr
    assert (bench.folder / "once" / "scores.csv").read_bytes() == (bench.out / "scores.csv").read_bytes()


def test_inspect_can_keep_the_task(bench: Bench) -> None:
    bench.run("inspect", "good", "today", "--save", "kept.tenshot", *SMALL)
    assert (bench.folder / "kept.tenshot").read_bytes() == bench.task.read_bytes()


def test_results_go_to_a_default_folder_that_is_named(bench: Bench) -> None:
    result = bench.run("score", "part.tenshot", "today")
    assert result.stdout.splitlines()[-1] == "Report: tenshot-results/report.html"
    assert (bench.folder / "tenshot-results" / "scores.csv").is_file()


def test_judging_twice_into_the_folder_of_the_photos_judges_the_photos_twice(bench: Bench) -> None:
    first = bench.run("score", "part.tenshot", "today", "-o", "today")
    second = bench.run("score", "part.tenshot", "today", "-o", "today")
    assert first.stdout == second.stdout
    assert "4 inspected · 1 anomalous · 3 normal" in second.stdout


@pytest.mark.parametrize(("photo", "status"), [("fine0.png", 0), ("scratched.png", 1)])
def test_fail_on_anomaly(bench: Bench, photo: str, status: int) -> None:
    arguments = ("score", "part.tenshot", f"today/{photo}", "-o", "results")
    assert bench.run(*arguments).exit_code == 0
    assert bench.run(*arguments, "--fail-on-anomaly").exit_code == status


def test_json_is_all_there_is_on_stdout(bench: Bench) -> None:
    (bench.today / "broken.png").write_bytes(b"not a picture")
    result = bench.run("score", "part.tenshot", "today", "-o", "results", "--json", "--no-heatmaps")
    told = json.loads(result.stdout)
    assert (told["inspected"], told["anomalous"], told["unreadable"]) == (4, 1, 1)
    assert told["interrupted"] is False
    assert told["report"] == "results/report.html"
    for entry in told["results"]:
        row = bench.scores()[Path(entry["path"]).name]
        assert entry["score"] == pytest.approx(float(row["score"]))
        assert told["threshold"] == pytest.approx(float(row["threshold"]))
    assert [each["path"] for each in told["errors"]] == ["today/broken.png"]
    assert not (bench.out / "heatmaps").exists()


def test_another_false_alarm_rate_moves_the_threshold_only(bench: Bench) -> None:
    def told(*more: object) -> dict[str, Any]:
        return json.loads(bench.run("score", "part.tenshot", "today", "-o", "results", "--json", *more).stdout)

    usual, strict = told(), told("--false-alarm-rate", 0.001)
    assert strict["threshold"] > usual["threshold"]
    assert [each["score"] for each in strict["results"]] == [each["score"] for each in usual["results"]]


def test_photos_the_task_was_adapted_to_are_pointed_out(bench: Bench) -> None:
    result = bench.run("score", "part.tenshot", "good", "-o", "results")
    assert "5 of these photos are among the normal ones" in result.stderr


def test_info_for_people_and_for_programs(bench: Bench) -> None:
    told = json.loads(bench.run("info", "part.tenshot", "--json").stdout)
    assert [photo["name"] for photo in told["support"]] == [f"good/good{n}.png" for n in range(5)]
    assert told["input_size"] == [64, 64]
    assert told["bytes"] == bench.task.stat().st_size
    table = bench.run("info", "part.tenshot").stdout
    assert all(photo["id"] in table for photo in told["support"])
    assert "efficientnet_lite0" in table


def ids(bench: Bench, file: str = "part.tenshot") -> list[str]:
    return [photo["id"] for photo in json.loads(bench.run("info", file, "--json").stdout)["support"]]


def test_a_task_tells_its_adapter_and_is_found_again_when_that_has_moved(bench: Bench) -> None:
    from safetensors.torch import save_file

    from tenshot.features import Adapter, ResNet10Extractor
    from tenshot.features.adapter_file import adapter_facts

    spec = ResNet10Extractor().spec
    save_file(Adapter(spec.channels).tensors(), bench.folder / "mine", metadata=adapter_facts(spec, recipe="idle"))
    made = bench.run("adapt", "good", "-o", "part.tenshot", *SMALL, "--extractor", "resnet10", "--adapter", "mine")
    assert made.exit_code == 0, made.output
    assert "resnet10 with adapter idle, layers 4" in bench.run("info", "part.tenshot").output
    assert json.loads(bench.run("info", "part.tenshot", "--json").output)["extractor"]["adapter"] == "idle"
    (bench.folder / "mine").rename(bench.folder / "moved")
    # In a process of its own: this one has built the extractor already.
    gone = bench.start("info", "part.tenshot")
    _, said = gone.communicate()
    assert gone.returncode == 2
    assert "adapter mine: expected none, episodic or a safetensors file, found nothing" in said
    assert bench.run("score", "part.tenshot", "today", "-o", bench.out, "--adapter", "moved").exit_code == 0
    assert "resnet10 with adapter idle" in (bench.out / "report.html").read_text()
    refused = bench.run("score", "part.tenshot", "today", "-o", bench.out, "--adapter", "none")
    assert refused.exit_code == 2
    assert "made with another extractor" in plain(refused.output)


def test_add_and_remove_undo_each_other(bench: Bench) -> None:
    before = bench.task.read_bytes()
    bench.draw("sixth.png", 50)
    result = bench.run("add", "part.tenshot", "sixth.png")
    assert result.exit_code == 0, result.stderr
    assert len(ids(bench)) == 6
    result = bench.run("remove", "part.tenshot", ids(bench)[-1])
    assert result.exit_code == 0, result.stderr
    assert bench.task.read_bytes() == before


def test_remove_by_name_into_another_file_leaves_the_old_one(bench: Bench) -> None:
    before = bench.task.read_bytes()
    result = bench.run("remove", "part.tenshot", "good/good1.png", "good/good3.png", "-o", "after.tenshot")
    assert result.exit_code == 0, result.stderr
    assert len(ids(bench, "after.tenshot")) == 3
    assert bench.task.read_bytes() == before


def test_a_photo_added_twice_is_named(bench: Bench) -> None:
    result = bench.run("add", "part.tenshot", "good/good3.png")
    assert result.exit_code == 0
    assert "good/good3.png was left out: the task already has it" in result.stderr


def test_select_says_which_photos_and_why(bench: Bench) -> None:
    result = bench.run("adapt", "good", "-o", "few.tenshot", "--select", 2, *SMALL)
    assert result.exit_code == 0, result.stderr
    assert "selected 2 of 5 photos" in result.stderr
    assert result.stderr.count(".png: ") == 2
    assert len(ids(bench, "few.tenshot")) == 2


@pytest.mark.parametrize(
    "options",
    [
        ("--map", "gradient"),
        ("--score", "energy"),
        ("--coding", "nearest"),
        ("--augment", "flips"),
        ("--receptive-field", 3),
        ("--layers", "1,2"),
        ("--tile", 48),
        ("--extractor", "resnet10"),
    ],
    ids=lambda options: "=".join(map(str, options)),
)
def test_every_option_of_the_method_reaches_the_task(bench: Bench, options: tuple[str, object]) -> None:
    name, value = options
    result = bench.run("adapt", "good", "-o", "other.tenshot", *SMALL, "--select", 2, name, value)
    assert result.exit_code == 0, result.stderr
    told = json.loads(bench.run("info", "other.tenshot", "--json").stdout)
    config = told["config"]
    reached = {
        "--map": config["scoring"]["map"],
        "--score": config["scoring"]["score"],
        "--coding": config["coding"]["method"],
        "--augment": config["dictionary"]["augment"],
        "--receptive-field": config["coding"]["receptive_field"],
        "--layers": ",".join(map(str, told["extractor"]["layers"])),
        "--tile": told["tile"],
        "--extractor": told["extractor"]["name"],
    }
    assert reached[name] == value


def test_a_region_of_interest_leaves_out_what_lies_outside(bench: Bench) -> None:
    mask = Pillow.new("L", (96, 96), 0)
    mask.paste(255, (0, 0, 96, 20))
    mask.save(bench.folder / "mask.png")

    def excess(*options: object) -> float:
        result = bench.run("inspect", "good", "today/scratched.png", "--json", *options, *SMALL)
        assert result.exit_code == 0, result.stderr
        told = json.loads(result.stdout)
        return told["results"][0]["score"] / told["threshold"]

    assert excess("--roi", "mask.png", "--save", "masked.tenshot") < 0.8 * excess()
    assert json.loads(bench.run("info", "masked.tenshot", "--json").stdout)["has_roi"]


def test_names_that_a_terminal_cannot_show_do_not_end_the_run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    name = os.fsdecode(b"caf\xe9-\xff.png")
    shutil.copy(bench.today / "fine0.png", bench.today / name)
    monkeypatch.setenv("PYTHONIOENCODING", "ascii:strict")
    process = bench.start("score", "part.tenshot", "today", "-o", "results")
    out, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    assert r"caf\udce9-\udcff.png" in out
    assert len(bench.scores()) == 5


def test_real_bottles(bench: Bench, shared_data: Path) -> None:
    bottle = shared_data / "mvtec_ad" / "bottle"
    normal = bench.folder / "bottles"
    normal.mkdir()
    for photo in sorted((bottle / "train" / "good").iterdir())[::42]:
        shutil.copy(photo, normal)
    pattern = f"{bottle}/test/*/00[0-2].*"
    result = bench.run("inspect", normal, pattern, "-o", "results", "--image-size", 128, "--json")
    assert result.exit_code == 0, result.stderr
    scores: dict[str, list[float]] = {}
    for each in json.loads(result.stdout)["results"]:
        scores.setdefault(Path(each["path"]).parent.name, []).append(each["score"])
    assert {len(found) for found in scores.values()} == {3}
    assert min(scores["broken_large"]) > max(scores["good"])


def test_a_reader_who_leaves_early_sees_no_traceback() -> None:
    """As in `tenshot ... | head -1`; the process ends itself, so nobody else would flush."""
    code = "import sys, torch; from tenshot.cli import main; sys.argv = ['tenshot', '--version']; main()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
