from __future__ import annotations

import errno
import json
import os
import re
import resource
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save, save_file

from tenshot import Adapted, Detector
from tenshot.core.config import DetectorConfig
from tenshot.core.errors import MissingError, OutputError, TaskFileError
from tenshot.detectors.adaptive_energy import task_file
from tenshot.features import ResNet10, ResNet10Extractor, shipped
from tenshot.features.adapter import Adapter
from tenshot.features.adapter_file import adapter_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from tenshot.core.types import Image

ENTRY = "tenshot-task"


@pytest.fixture(scope="module")
def adapted(detector: Detector, images: list[Image]) -> Adapted:
    return detector.adapt(images[:3])


@pytest.fixture(scope="module")
def saved(adapted: Adapted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A task file that nobody changes."""
    return adapted.save(tmp_path_factory.mktemp("tasks") / "part.tenshot")


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place for files that are rewritten again and again."""
    return tmp_path_factory.mktemp("scratch") / "part.tenshot"


def contents(file: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """What a task file holds, read without our own reader."""
    with safe_open(file, framework="pt") as opened:
        return json.loads(opened.metadata()[ENTRY]), {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118


# --- what it holds -------------------------------------------------------------------------------------------------


def test_it_is_a_safetensors_file_that_says_what_it_is(saved: Path, adapted: Adapted) -> None:
    header, tensors = contents(saved)
    assert header["version"] == task_file.FORMAT_VERSION
    assert header["extractor"]["weights"] == adapted.path.extractor.spec.weights
    assert header["extractor"]["mean"] == [0.5, 0.5, 0.5]
    assert [entry["name"] for entry in header["support"]] == ["photo 0", "photo 1", "photo 2"]
    assert [entry["digest"] for entry in header["support"]] == [shot.digest for shot in adapted.support]
    assert [entry["score"] for entry in header["support"]] == [shot.score for shot in adapted.support]
    assert DetectorConfig.model_validate(header["config"]) == adapted.task.config
    assert set(tensors) == {f"shots.{i}.{name}" for i in range(3) for name in ("features", "order")}


def test_it_keeps_no_pixels(saved: Path) -> None:
    _, tensors = contents(saved)
    assert not any("frames" in name for name in tensors)
    assert all(tensor.shape[-3:] != (3, 64, 64) for tensor in tensors.values())


def test_a_single_shot_keeps_its_image_until_it_has_company(detector: Detector, images: list[Image]) -> None:
    alone = detector.adapt(images[:1])
    assert alone.task.shots[0].frames is not None
    assert all(shot.frames is None for shot in alone.add(images[1]).task.shots)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"scoring": {"map": "gradient"}},
        {"coding": {"method": "active", "receptive_field": 3}},
        {"dictionary": {"augment": "flips", "atoms": None}},
        {"tile": 40},
    ],
    ids=str,
)
@pytest.mark.parametrize("shots", [1, 3])
def test_loaded_it_judges_to_the_bit_as_before(
    *,
    changes: dict[str, Any],
    shots: int,
    detector_of: Callable[..., Detector],
    images: list[Image],
    torn: NDArray[np.uint8],
    tmp_path: Path,
) -> None:
    before = detector_of(**changes).adapt(images[:shots], roi=np.ones((5, 5)), false_alarm_rate=0.02)
    after = Adapted.load(before.save(tmp_path / "part.tenshot"))
    assert after.threshold == before.threshold
    assert after.map_threshold == before.map_threshold
    assert after.support == before.support
    assert after.summary() == before.summary()
    for one, other in zip(before.predict([images[6], torn]), after.predict([images[6], torn]), strict=True):
        assert one.score == other.score
        assert one.p_value == other.p_value
        assert np.array_equal(one.anomaly_map, other.anomaly_map)
    assert after.save(tmp_path / "again.tenshot").read_bytes() == (tmp_path / "part.tenshot").read_bytes()


def test_a_loaded_task_learns_on_as_the_first_one_would(
    adapted: Adapted, saved: Path, images: list[Image], tmp_path: Path
) -> None:
    grown = Adapted.load(saved).add(images[3:5])
    assert grown.save(tmp_path / "a").read_bytes() == adapted.add(images[3:5]).save(tmp_path / "b").read_bytes()


def test_odd_names_survive(detector: Detector, images: list[Image], tmp_path: Path) -> None:
    from dataclasses import replace

    names = ["gut „schön“ \n.png", "部品.png", "bytes\udcff.png"]
    odd = [replace(image, name=name) for image, name in zip(images, names, strict=False)]
    file = detector.adapt(odd).save(tmp_path / "part.tenshot")
    assert [shot.name for shot in Adapted.load(file).support] == names


# --- damage --------------------------------------------------------------------------------------------------------


def refused(file: Path, content: bytes) -> str:
    file.write_bytes(content)
    with pytest.raises(TaskFileError) as caught:
        task_file.read(file)
    message = str(caught.value)
    assert message.startswith(f"{file}: ")
    assert "\n" not in message
    return message


def test_truncated_anywhere_it_is_refused(saved: Path, scratch: Path) -> None:
    whole = saved.read_bytes()
    start = 8 + int.from_bytes(whole[:8], "little")
    lengths = {
        0,
        1,
        7,
        8,
        9,
        50,
        start - 1,
        start,
        start + 1,
        len(whole) - 1,
        *range(100, len(whole), len(whole) // 50),
    }
    for length in sorted(lengths):
        assert "not a whole tenshot task file" in refused(scratch, whole[:length])


def test_with_something_behind_it_it_is_refused(saved: Path, scratch: Path) -> None:
    refused(scratch, saved.read_bytes() + b"\0")
    refused(scratch, saved.read_bytes() * 2)


@given(data=st.data())
@effort(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_flipped_byte_is_noticed_wherever_it_is(data: st.DataObject, saved: Path, scratch: Path) -> None:
    whole = bytearray(saved.read_bytes())
    start = 8 + int.from_bytes(whole[:8], "little")
    place = data.draw(st.one_of(st.integers(0, 7), st.integers(8, start - 1), st.integers(0, len(whole) - 1)))
    whole[place] ^= data.draw(st.integers(1, 255))
    scratch.write_bytes(whole)
    with suppress(TaskFileError):
        read = task_file.read(scratch)
        # Some bytes mean nothing, such as which blank fills the header up.
        task_file.write(scratch, *read)
        assert scratch.read_bytes() == saved.read_bytes()


@pytest.mark.parametrize("what", ["score", "peak", "digest", "name", "false_alarm_rate", "method", "size", "grey"])
def test_a_changed_word_in_the_metadata_is_noticed(what: str, saved: Path, scratch: Path) -> None:
    header, tensors = contents(saved)
    if what in header["support"][0]:
        value = header["support"][0][what]
        header["support"][0][what] = value + "x" if isinstance(value, str) else not value or value / 2
    elif what == "false_alarm_rate":
        header[what] = 0.5
    elif what == "method":
        header["config"]["coding"][what] = "nearest"
    else:
        header["framing"][what] = [32, 32]
    message = refused(scratch, save(tensors, metadata={ENTRY: json.dumps(header)}))
    assert "its digest does not match its contents" in message


@pytest.mark.parametrize(
    "entry", ["", "{", "[]", "3", "null", "{}", '{"version": []}', '{"version": 1}', '{"version": 1, "support": 7}']
)
def test_metadata_of_another_kind_is_refused(entry: str, scratch: Path) -> None:
    refused(scratch, save({"a": torch.zeros(1)}, metadata={ENTRY: entry}))


def redigested(header: dict[str, Any], tensors: dict[str, torch.Tensor]) -> bytes:
    """A file whose digest is right, as somebody who edits it on purpose would make it."""
    header = {key: value for key, value in header.items() if key != "digest"}
    header["digest"] = task_file._digest(header, tensors)
    return save(tensors, metadata={ENTRY: json.dumps(header)})


@pytest.mark.parametrize("missing", ["support", "framing", "config", "extractor", "false_alarm_rate"])
def test_metadata_that_lacks_something_is_refused(missing: str, saved: Path, scratch: Path) -> None:
    header, tensors = contents(saved)
    del header[missing]
    assert "its parts do not belong together: KeyError" in refused(scratch, redigested(header, tensors))


def test_settings_that_make_no_sense_are_refused(saved: Path, scratch: Path) -> None:
    header, tensors = contents(saved)
    header["config"]["coding"]["method"] = "guess"
    assert "its parts do not belong together: ValidationError" in refused(scratch, redigested(header, tensors))
    header, _ = contents(saved)
    header["extractor"] = {"name": "x"}
    assert "its parts do not belong together: TypeError" in refused(scratch, redigested(header, tensors))
    header, tensors = contents(saved)
    del tensors["shots.1.features"]
    assert "its parts do not belong together: KeyError" in refused(scratch, redigested(header, tensors))


def test_a_file_of_another_version_is_told_apart_from_a_damaged_one(saved: Path, scratch: Path) -> None:
    header, tensors = contents(saved)
    message = refused(scratch, save(tensors, metadata={ENTRY: json.dumps(header | {"version": 99})}))
    assert f"task file version 99; this tenshot reads version {task_file.FORMAT_VERSION}" in message


def test_another_safetensors_file_is_called_that(scratch: Path) -> None:
    for metadata in (None, {"format": "pt"}):
        message = refused(scratch, save({"a": torch.zeros(2)}, metadata=metadata))
        assert "expected a tenshot task file, got another safetensors file" in message


class Trap:
    """Unpickling it would leave a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def test_nothing_is_ever_unpickled(scratch: Path, tmp_path: Path) -> None:
    torch.save(Trap(tmp_path / "mark"), scratch)
    refused(scratch, scratch.read_bytes())
    assert not (tmp_path / "mark").exists()
    torch.load(scratch, weights_only=False)  # noqa: TID251 - the trap works
    assert (tmp_path / "mark").exists()


def test_a_file_that_is_not_there_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"none\.tenshot: expected a task file, found nothing"):
        Adapted.load(tmp_path / "none.tenshot")
    with pytest.raises(MissingError, match="expected a task file, found a folder"):
        Adapted.load(tmp_path)


def test_a_task_of_another_extractor_is_refused(saved: Path, tmp_path: Path) -> None:
    save_file(ResNet10(seed=5).state_dict(), tmp_path / "other.safetensors")
    with pytest.raises(
        TaskFileError, match=r"made with another extractor, resnet10 with weights .*\(differs: weights\)"
    ):
        Adapted.load(saved, weights=tmp_path / "other.safetensors")


def test_weights_may_have_moved(images: list[Image], tmp_path: Path) -> None:
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    save_file(ResNet10(seed=5).state_dict(), first)
    config = DetectorConfig.model_validate({"image_size": 64})
    before = Detector.from_pretrained("resnet10", weights=first, config=config).adapt(images[:2])
    file = before.save(tmp_path / "part.tenshot")
    first.rename(second)
    with pytest.raises(MissingError, match=re.escape(str(first))):
        Adapted.load(file)
    assert Adapted.load(file, weights=second).predict(images[5])[0].score == before.predict(images[5])[0].score


# --- adapters ------------------------------------------------------------------------------------------------------


def save_adapter(file: Path, *, weight: float) -> Path:
    """An adapter for the head of the untrained ResNet-10, whose first channel has a weight of its own."""
    spec = ResNet10Extractor().spec
    made = Adapter(spec.channels)
    with torch.no_grad():
        made.scale[0][0] = weight
    save_file(made.tensors(), file, metadata=adapter_facts(spec, recipe=f"weight {weight}"))
    return file


@pytest.fixture
def part(images: list[Image], tmp_path: Path) -> Path:
    """A task made with the adapter ``a.safetensors`` beside it."""
    adapter = save_adapter(tmp_path / "a.safetensors", weight=2)
    config = DetectorConfig.model_validate({"image_size": 64, "extractor": {"name": "resnet10", "adapter": adapter}})
    return Detector.from_pretrained(config=config).adapt(images[:2]).save(tmp_path / "part.tenshot")


def test_a_task_says_its_adapter_and_finds_it_again(part: Path, images: list[Image], tmp_path: Path) -> None:
    header, _ = contents(part)
    assert header["extractor"]["adapter"] == "weight 2"
    assert header["config"]["extractor"]["adapter"] == str(tmp_path / "a.safetensors")
    loaded = Adapted.load(part)
    assert loaded.summary()["extractor"]["adapter"] == "weight 2"
    assert loaded.add(images[2:3]).save(tmp_path / "more.tenshot")
    (tmp_path / "a.safetensors").rename(tmp_path / "b.safetensors")
    with pytest.raises(MissingError, match=re.escape(str(tmp_path / "a.safetensors"))):
        Adapted.load(part)
    again = Adapted.load(part, adapter=tmp_path / "b.safetensors")
    assert again.predict(images[5])[0].score == loaded.predict(images[5])[0].score


def test_a_task_of_another_adapter_is_refused(part: Path, tmp_path: Path) -> None:
    other = save_adapter(tmp_path / "other.safetensors", weight=3)
    with pytest.raises(TaskFileError, match=r"and adapter weight 2; .* weight 3 \(differs: weights, adapter\)"):
        Adapted.load(part, adapter=other)
    with pytest.raises(TaskFileError, match=r"and adapter weight 2; here is resnet10 with weights \w{12} \(differs: "):
        Adapted.load(part, adapter="none")
    save_adapter(tmp_path / "a.safetensors", weight=3)
    with pytest.raises(TaskFileError, match="made with another extractor"):
        Adapted.load(part)


@pytest.fixture
def by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later tenshot, in which the ResNet-10 goes through an adapter unless told otherwise."""
    (tmp_path / "shipped").mkdir()
    save_adapter(tmp_path / "shipped" / "resnet10-adapter.safetensors", weight=2)
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "shipped")
    monkeypatch.setattr(shipped, "ADAPTED_BY_DEFAULT", {"resnet10"})


def test_a_file_from_before_there_were_adapters_has_none(
    images: list[Image], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    config = DetectorConfig.model_validate({"image_size": 64})
    before = Detector.from_pretrained("resnet10", config=config).adapt(images[:2])
    header, tensors = contents(before.save(tmp_path / "new.tenshot"))
    del header["extractor"]["adapter"], header["extractor"]["balance"], header["config"]["extractor"]["adapter"]
    (tmp_path / "old.tenshot").write_bytes(redigested(header, tensors))
    request.getfixturevalue("by_default")
    assert Detector.from_pretrained("resnet10", config=config).extractor.spec.adapter == "weight 2"
    for name in ("old", "new"):
        after = Adapted.load(tmp_path / f"{name}.tenshot")
        assert after.path.extractor.spec.adapter is None
        assert after.predict(images[5])[0].score == before.predict(images[5])[0].score


@pytest.mark.usefixtures("by_default")
def test_a_task_made_with_the_default_adapter_keeps_it_when_the_default_changes(
    images: list[Image], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = DetectorConfig.model_validate({"image_size": 64})
    file = Detector.from_pretrained("resnet10", config=config).adapt(images[:2]).save(tmp_path / "part.tenshot")
    monkeypatch.setattr(shipped, "ADAPTED_BY_DEFAULT", frozenset())
    assert Adapted.load(file).path.extractor.spec.adapter == "weight 2"


# --- whole or not at all -------------------------------------------------------------------------------------------


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """The operating system refuses to let files grow beyond a size, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_cannot_be_written_whole_is_not_written_at_all(adapted: Adapted, tmp_path: Path) -> None:
    file = tmp_path / "part.tenshot"
    with largest_file(5000), pytest.raises(OutputError, match=f"{file}: cannot write the task file"):
        adapted.save(file)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("failing", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()], ids=repr)
def test_a_failure_leaves_the_file_that_was_there(
    *, failing: str, error: BaseException, adapted: Adapted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = adapted.save(tmp_path / "part.tenshot")
    before = file.read_bytes()

    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(*((os, "fsync") if failing == "fsync" else (Path, "replace")), fail)
    expected = OutputError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected) as caught:
        adapted.with_false_alarm_rate(0.3).save(file)
    if expected is OutputError:
        assert str(caught.value) == f"{file}: cannot write the task file (No space left on device)"
    assert list(tmp_path.iterdir()) == [file]
    assert file.read_bytes() == before


def test_places_that_cannot_be_written_are_named(adapted: Adapted, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for place in (tmp_path / "none" / "part.tenshot", tmp_path / "file" / "part.tenshot", tmp_path / "folder"):
        with pytest.raises(OutputError, match=f"{place}: cannot write the task file"):
            adapted.save(place)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_a_file_is_replaced_and_readable_by_others(adapted: Adapted, tmp_path: Path) -> None:
    file = adapted.save(tmp_path / "part.tenshot")
    adapted.with_false_alarm_rate(0.3).save(str(file))
    assert Adapted.load(file).task.false_alarm_rate == 0.3
    assert file.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [file]
