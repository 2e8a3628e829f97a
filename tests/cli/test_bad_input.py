"""Everything that can be wrong with what people give, each with a real broken thing: one sentence, status 2."""

from __future__ import annotations

import json
import os
import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image as Pillow
from safetensors.numpy import save_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    from conftest import Bench

SMALL = ("--image-size", 64)
FULL = 20_000


def refusal(result: Result) -> str:
    """The one sentence of a command that refused: on stderr, without a traceback, with nothing on stdout."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("tenshot: error: ")
    return lines[0]


def truncated(file: Path) -> None:
    Pillow.fromarray(np.random.default_rng(0).integers(0, 255, (96, 96, 3), np.uint8)).save(file)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def no_picture(file: Path) -> None:
    file.write_text("this is text")


def empty(file: Path) -> None:
    file.write_bytes(b"")


def folder(file: Path) -> None:
    file.mkdir()


def bomb(file: Path) -> None:
    """A PNG of some bytes whose header claims 50,000 x 50,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    file.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def not_a_number(file: Path) -> None:
    Pillow.fromarray(np.full((96, 96), np.nan, np.float32)).save(file, format="TIFF")


BROKEN = [
    (truncated, "cannot be decoded"),
    (no_picture, "is not an image"),
    (empty, "is empty"),
    (bomb, "50000 x 50000 pixels"),
    (not_a_number, "NaN"),
]
each_broken = pytest.mark.parametrize(("spoil", "reason"), BROKEN, ids=lambda case: getattr(case, "__name__", ""))


@each_broken
def test_a_broken_image_is_listed_and_the_rest_is_judged(
    bench: Bench, spoil: Callable[[Path], None], reason: str
) -> None:
    spoil(bench.today / "broken.png")
    result = bench.run("score", "part.tenshot", "today", "-o", "results")
    assert result.exit_code == 0
    assert len(bench.scores()) == 4
    assert list(bench.errors()) == ["broken.png"]
    assert reason in bench.errors()["broken.png"]
    assert "1 could not be judged (errors.csv)" in result.stdout
    assert result.stderr.startswith("tenshot: not judged: today/broken.png")


@each_broken
def test_a_broken_normal_photo_is_named_and_refused(bench: Bench, spoil: Callable[[Path], None], reason: str) -> None:
    spoil(bench.good / "broken.png")
    sentence = refusal(bench.run("adapt", "good", "-o", "new.tenshot", *SMALL))
    assert "good/broken.png" in sentence
    assert reason in sentence
    assert not (bench.folder / "new.tenshot").exists()


def test_the_rest_of_the_normal_photos_will_do_if_asked_for(bench: Bench) -> None:
    truncated(bench.good / "broken.png")
    result = bench.run("adapt", "good", "-o", "new.tenshot", "--skip-broken", *SMALL)
    assert result.exit_code == 0
    assert result.stderr.startswith("tenshot: good/broken.png was left out: ")
    assert (bench.folder / "new.tenshot").read_bytes() == bench.task.read_bytes()


def test_normal_photos_that_are_all_broken_teach_nothing(bench: Bench) -> None:
    for photo in bench.good.iterdir():
        truncated(photo)
    arguments = ("adapt", "good", "-o", "new.tenshot", "--skip-broken", *SMALL)
    assert "got none of 5" in refusal(bench.run(*arguments))


def test_images_that_are_all_broken_are_an_error_and_still_listed(bench: Bench) -> None:
    for photo in bench.today.iterdir():
        truncated(photo)
    result = bench.run("score", "part.tenshot", "today", "-o", "results")
    assert "none of the 4 images could be judged" in refusal(result)
    assert len(bench.errors()) == 4


def test_a_constant_normal_photo_teaches_nothing(bench: Bench) -> None:
    Pillow.new("RGB", (96, 96), (7, 7, 9)).save(bench.good / "flat.png")
    assert "good/flat.png is one flat colour" in refusal(bench.run("adapt", "good", "-o", "new.tenshot", *SMALL))


def test_a_constant_image_is_judged(bench: Bench) -> None:
    Pillow.new("RGB", (96, 96), (7, 7, 9)).save(bench.folder / "flat.png")
    result = bench.run("score", "part.tenshot", "flat.png", "-o", "results")
    assert result.exit_code == 0, result.stderr
    assert bench.scores()["flat.png"]["is_anomalous"] == "true"


def test_grey_and_colour_normal_photos_do_not_mix(bench: Bench) -> None:
    bench.draw("good/grey.png", 9, mode="L")
    sentence = refusal(bench.run("adapt", "good", "-o", "new.tenshot", *SMALL))
    assert "all grey or all colour" in sentence
    assert "good/grey.png" in sentence


@pytest.mark.parametrize("command", ["inspect", "score"])
def test_nothing_to_judge(bench: Bench, command: str) -> None:
    (bench.folder / "nothing").mkdir()
    normal = {"inspect": "good", "score": "part.tenshot"}[command]
    assert "nothing holds no images" in refusal(bench.run(command, normal, "nothing"))
    assert "nowhere: there is no such file or folder" in refusal(bench.run(command, normal, "nowhere"))
    assert "*.gif: no" in refusal(bench.run(command, normal, "*.gif"))


def test_no_normal_photos(bench: Bench) -> None:
    (bench.folder / "nothing").mkdir()
    assert "nothing holds no images" in refusal(bench.run("adapt", "nothing", "-o", "new.tenshot"))


def test_fewer_normal_photos_than_wanted(bench: Bench) -> None:
    sentence = refusal(bench.run("adapt", "good", "-o", "new.tenshot", "--select", 6, *SMALL))
    assert "expected 1 to 5" in sentence
    assert sentence.endswith("got 6")


def test_a_folder_where_a_file_belongs(bench: Bench) -> None:
    (bench.folder / "folder.tenshot").mkdir()
    assert "folder.tenshot" in refusal(bench.run("score", "folder.tenshot", "today"))
    assert "good" in refusal(bench.run("adapt", "good", "-o", "new.tenshot", "--roi", "good", *SMALL))
    assert "folder.tenshot" in refusal(bench.run("adapt", "good", "-o", "folder.tenshot", *SMALL))


def test_a_region_of_interest_that_leaves_nothing(bench: Bench) -> None:
    Pillow.new("L", (10, 10), 0).save(bench.folder / "mask.png")
    assert "mask.png" in refusal(bench.run("adapt", "good", "-o", "new.tenshot", "--roi", "mask.png", *SMALL))


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (("--extractor", "efficientnet_lite99"), "efficientnet_lite99"),
        (("--layers", "1,77"), "77"),
        (("--layers", "one"), "expected whole numbers separated by commas"),
        (("--image-size", 5), "image_size"),
        (("--receptive-field", 2), "odd"),
        (("--select", 0), "got 0"),
        (("--threads", 0), "--threads: expected at least 1"),
        (("--false-alarm-rate", 1.5), "between 0 and 1"),
        (("--device", "cuda:99"), "cuda:99"),
        (("--device", "toaster"), "toaster"),
        (("--weights", "nowhere.safetensors"), "nowhere.safetensors"),
        (("--roi", "nowhere.png"), "nowhere.png"),
    ],
    ids=lambda case: "=".join(map(str, case)) if isinstance(case, tuple) else "",
)
def test_options_that_cannot_be_meant(bench: Bench, options: tuple[object, ...], wanted: str) -> None:
    assert wanted in refusal(bench.run("adapt", "good", "-o", "new.tenshot", *options))


@pytest.mark.parametrize("device", ["cuda:99", "toaster"])
def test_a_device_that_is_not_there_for_a_task(bench: Bench, device: str) -> None:
    assert device in refusal(bench.run("score", "part.tenshot", "today", "--device", device))


def test_a_word_an_option_does_not_know_lists_those_it_does(bench: Bench) -> None:
    result = bench.run("adapt", "good", "-o", "new.tenshot", "--augment", "some")
    assert result.exit_code == 2
    assert all(word in result.stderr for word in ("none", "flips", "rotations", "all"))


def test_weights_that_are_not_here_and_no_network(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from tenshot.features import weights

    monkeypatch.setenv("HF_HOME", str(bench.folder))
    monkeypatch.setattr(weights, "_hub_answers", lambda: False)
    sentence = refusal(bench.run("adapt", "good", "-o", "new.tenshot", "--extractor", "mobilenetv3_small_050"))
    assert "mobilenetv3_small_050" in sentence
    assert "--weights" in sentence


def cut_short(file: Path) -> None:
    os.truncate(file, file.stat().st_size - 1000)


def flipped_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-500] ^= 1
    file.write_bytes(content)


def foreign(file: Path) -> None:
    save_file({"weight": np.zeros(3, np.float32)}, file)


def of_the_future(file: Path) -> None:
    content = file.read_bytes()
    assert content.count(b'\\"version\\": 1') == 1
    file.write_bytes(content.replace(b'\\"version\\": 1', b'\\"version\\": 9'))


@pytest.mark.parametrize("spoil", [cut_short, flipped_bit, foreign, of_the_future, no_picture, empty])
@pytest.mark.parametrize("command", ["score", "info"])
def test_a_task_file_that_cannot_be_trusted(bench: Bench, spoil: Callable[[Path], None], command: str) -> None:
    spoil(bench.task)
    images = ("today",) if command == "score" else ()
    assert "part.tenshot" in refusal(bench.run(command, "part.tenshot", *images))


def test_a_task_file_that_is_not_there(bench: Bench) -> None:
    assert "nowhere.tenshot" in refusal(bench.run("info", "nowhere.tenshot"))


def test_remove_wants_photos_that_are_there_and_leaves_one(bench: Bench) -> None:
    before = bench.task.read_bytes()
    assert "'ffffffffffff'" in refusal(bench.run("remove", "part.tenshot", "ffffffffffff"))
    everything = [f"good/good{number}.png" for number in range(5)]
    assert "at least one" in refusal(bench.run("remove", "part.tenshot", *everything))
    assert bench.task.read_bytes() == before


def test_add_refuses_a_broken_photo_and_leaves_the_file(bench: Bench) -> None:
    before = bench.task.read_bytes()
    truncated(bench.folder / "broken.png")
    assert "broken.png" in refusal(bench.run("add", "part.tenshot", "good", "broken.png"))
    assert bench.task.read_bytes() == before


@pytest.mark.parametrize("out", ["part.tenshot", "/proc/results", "part.tenshot/results"])
def test_results_that_cannot_be_written_are_refused_before_any_work(bench: Bench, out: str) -> None:
    assert out in refusal(bench.run("inspect", "good", "today", "-o", out))


def test_a_task_file_that_cannot_be_written(bench: Bench) -> None:
    assert "/proc/part.tenshot" in refusal(bench.run("adapt", "good", "-o", "/proc/part.tenshot", *SMALL))
    assert "nowhere/part.tenshot" in refusal(bench.run("adapt", "good", "-o", "nowhere/part.tenshot", *SMALL))


def test_a_full_disk_keeps_what_was_finished(bench: Bench) -> None:
    """No file may grow beyond some bytes: the tables fit, the report does not."""

    process = bench.start("score", "part.tenshot", "today", "-o", "results", "--no-heatmaps", largest_file=FULL)
    out, error = process.communicate(timeout=120)
    assert process.returncode == 2, error
    assert out == ""
    assert error.startswith("tenshot: error: ")
    assert len(error.splitlines()) == 1
    assert "report.html" in error
    assert len(bench.scores()) == 4
    assert not (bench.out / "report.html").exists()


def test_a_full_disk_leaves_no_half_a_task_file(bench: Bench) -> None:
    before, names = bench.task.read_bytes(), set(bench.folder.iterdir())
    bench.draw("sixth.png", 50)

    process = bench.start("add", "part.tenshot", "sixth.png", largest_file=FULL)
    _, error = process.communicate(timeout=120)
    assert process.returncode == 2, error
    assert "part.tenshot" in error
    assert bench.task.read_bytes() == before
    assert set(bench.folder.iterdir()) == {*names, bench.folder / "sixth.png"}


def test_json_keeps_stdout_empty_when_refused(bench: Bench) -> None:
    refusal(bench.run("score", "part.tenshot", "nowhere", "--json"))
    assert json.loads(bench.run("info", "part.tenshot", "--json").stdout)["support"]
