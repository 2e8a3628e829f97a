from __future__ import annotations

import csv
import json
import logging
import math
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import torch
import yaml
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

from tenshot.core.errors import InputError, MissingError, OutputError, TrainingError
from tenshot.training import files
from tenshot.training.checkpoints import read_checkpoint
from tenshot.training.engine import Outcome, what_is_left
from tenshot.training.flattening import flatten
from tenshot.training.together import SaidElsewhereError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from conftest import Gym


def rows(out: Path, *, timed: bool = False) -> list[dict[str, str]]:
    with (out / "log.csv").open(newline="") as file:
        return [
            {name: text for name, text in row.items() if timed or name != "seconds"} for row in csv.DictReader(file)
        ]


def names(out: Path) -> list[str]:
    return sorted(file.name for file in (out / "checkpoints").iterdir())


class Told:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.steps: list[tuple[int, int]] = []
        self.rows: list[Mapping[str, float]] = []
        self.remarks: list[str] = []

    def step(self, done: int, total: int) -> None:
        self.steps.append((done, total))

    def row(self, row: Mapping[str, float]) -> None:
        self.rows.append(row)

    def remark(self, sentence: str) -> None:
        self.remarks.append(sentence)


# --- what comes of a training ---------------------------------------------------------------------------------------


def by_hand(steps: int, *, rate: float = 0.1, warmup: int = 3, clip: float = 1.0, episodes: int = 4) -> torch.Tensor:
    """The same training in a few lines of torch."""
    w = torch.zeros(3, requires_grad=True)
    adam = torch.optim.Adam([w])
    for step in range(steps):
        drawn = [torch.randn(3, generator=torch.Generator().manual_seed(1000 * step + i)) for i in range(episodes)]
        adam.zero_grad()
        (w - torch.stack(drawn) - torch.tensor([1.0, 2.0, 3.0])).square().sum(1).mean().backward()
        torch.nn.utils.clip_grad_norm_([w], clip)
        adam.param_groups[0]["lr"] = rate * min((step + 1) / warmup, 1)
        adam.step()
    return w.detach()


def test_it_trains_as_a_few_lines_of_torch_would(gym: Gym) -> None:
    weights = gym.train(steps=9)
    torch.testing.assert_close(load_file(weights)["w"], by_hand(9))


def test_results_are_complete(gym: Gym) -> None:
    toy, told = gym.toy(), Told()
    weights = gym.train(toy, progress=told)
    out = gym.out / "out"
    assert weights == out / "weights.safetensors"
    with safe_open(weights, "pt") as file:
        assert file.metadata() == {"kind": "toy"}
    assert names(out) == ["step-00000008.safetensors", "step-00000010.safetensors"]
    assert [row["step"] for row in rows(out)] == ["3", "6", "9", "10"]
    assert list(rows(out, timed=True)[0]) == [
        "step",
        "loss",
        "gradient_norm",
        "learning_rate",
        "sum",
        "sometimes",
        "seconds",
    ]
    assert [row["sometimes"] for row in rows(out)] == ["0", "4", "8", ""]
    assert sorted(file.name for file in (out / "pictures").iterdir()) == ["step-000005.png", "step-000010.png"]
    with Image.open(out / "pictures" / "step-000005.png") as picture:
        assert picture.size == (4 * 10 - 2, 2 * 10 - 2 + 16)
    assert yaml.safe_load((out / "config.yaml").read_text())["run"]["steps"] == 10
    assert told.steps == [(done, 10) for done in range(11)]
    assert [row["step"] for row in told.rows] == [3, 6, 9, 10]
    assert told.remarks == []
    assert not toy.training


def test_a_row_is_the_mean_over_its_steps(gym: Gym) -> None:
    gym.train(steps=6, log_every=1, out="each")
    gym.train(steps=6, log_every=3, out="means")
    each = [float(row["loss"]) for row in rows(gym.out / "each")]
    means = [float(row["loss"]) for row in rows(gym.out / "means")]
    assert means == pytest.approx([sum(each[:3]) / 3, sum(each[3:]) / 3])


def test_only_what_is_trained_has_gradients(gym: Gym) -> None:
    toy = gym.toy()
    gym.train(toy, name="adamw", weight_decay=0.1)
    assert not toy.frozen.weight.requires_grad
    assert toy.frozen.weight.tolist() == [[1.0, 1.0, 1.0]]
    assert toy.w.requires_grad
    assert toy.idle.tolist() == [0.0, 0.0]


def test_accumulated_batches_are_one_larger_batch(gym: Gym) -> None:
    whole = load_file(gym.train(episodes_per_step=4, out="whole"))
    parts = load_file(gym.train(episodes_per_step=1, accumulate=4, out="parts"))
    torch.testing.assert_close(parts, whole)
    for a, b in zip(rows(gym.out / "whole"), rows(gym.out / "parts"), strict=True):
        assert {name: float(text or 0) for name, text in a.items()} == pytest.approx(
            {name: float(text or 0) for name, text in b.items()}
        )


@pytest.mark.parametrize(("clip", "expected"), [(None, 1e9), (0.5, 0.5)])
def test_gradients_are_clipped_and_logged_as_they_were(gym: Gym, clip: float | None, expected: float) -> None:
    seen: list[float] = []

    toy = gym.toy()
    toy.w.register_post_accumulate_grad_hook(lambda _: None)
    original = torch.optim.Adam.step

    def step(self: torch.optim.Adam, closure: Any = None) -> Any:
        def looking() -> Any:
            result = closure()
            seen.append(float(toy.w.grad.norm()))
            return result

        return original(self, looking)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.Adam, "step", step)
        gym.train(toy, clip=clip, steps=3, log_every=1)
    logged = [float(row["gradient_norm"]) for row in rows(gym.out / "out")]
    assert seen == pytest.approx([min(expected, norm) for norm in logged], rel=1e-4)


def test_half_precision_on_a_cpu(gym: Gym) -> None:
    kinds: set[torch.dtype] = set()
    steps: list[int] = []

    def outcome(batch: torch.Tensor, step: int) -> Outcome:
        assert (batch.dtype, step) == (torch.float32, len(steps))
        steps.append(step)
        kinds.add((batch @ torch.eye(3)).dtype)
        return Outcome((toy.w - batch).square().sum(1).mean(), {})

    toy = gym.toy(outcome=outcome)
    gym.train(toy, precision="bf16-mixed", steps=2)
    assert kinds == {torch.bfloat16}
    assert toy.w.dtype == torch.float32


def test_nothing_of_ours_is_left_changed(gym: Gym, caplog: pytest.LogCaptureFixture) -> None:
    toy = gym.toy()
    generator, threads = torch.get_rng_state(), set(threading.enumerate())
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with caplog.at_level(logging.INFO, logger="lightning"):
        gym.train(toy)
    assert torch.equal(generator, torch.get_rng_state())
    assert threads == set(threading.enumerate())
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    assert caplog.messages == []


def test_no_pickle_is_written(gym: Gym) -> None:
    gym.train()
    for file in (gym.out / "out" / "checkpoints").iterdir():
        assert load_file(file)
        with safe_open(file, "pt") as opened:
            assert json.loads(opened.metadata()["state"])


# --- killed and resumed ---------------------------------------------------------------------------------------------


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed_at(step: int) -> Any:
    return lambda now, _: die() if now == step else None


def test_killed_again_and_again_it_ends_as_if_undisturbed(gym: Gym) -> None:
    settings: dict[str, Any] = {"steps": 14, "accumulate": 2, "episodes_per_step": 2}
    gym.train(out="undisturbed", **settings)
    undisturbed, out = gym.out / "undisturbed", gym.out / "out"
    for step in (2, 5, 5, 8, 13):
        doomed = partial(gym.train, gym.toy(batch=killed_at(step)), resume=True, **settings)
        assert gym.apart(doomed) == -signal.SIGKILL
    gym.train(resume=True, **settings)
    assert (out / "weights.safetensors").read_bytes() == (undisturbed / "weights.safetensors").read_bytes()
    assert rows(out) == rows(undisturbed)
    states = [
        flatten(read_checkpoint(each / "checkpoints" / "step-00000014.safetensors")) for each in (out, undisturbed)
    ]
    assert states[0][0] == states[1][0]
    assert all(torch.equal(tensor, states[1][1][name]) for name, tensor in states[0][1].items())


@pytest.mark.parametrize("call", [1, 3, 4, 5, 9, 10])
def test_killed_while_it_waits_for_the_disk_it_ends_as_if_undisturbed(gym: Gym, call: int) -> None:
    def killed() -> None:
        original, calls = os.fsync, iter(range(call))

        def fsync(handle: int) -> None:
            if next(calls, None) is None:
                die()
            original(handle)

        files.os.fsync = fsync
        gym.train(pictures_every=0)

    assert gym.apart(killed) == -signal.SIGKILL
    gym.train(pictures_every=0, resume=True)
    gym.train(pictures_every=0, out="undisturbed")
    undisturbed, out = gym.out / "undisturbed", gym.out / "out"
    assert (out / "weights.safetensors").read_bytes() == (undisturbed / "weights.safetensors").read_bytes()
    assert rows(out) == rows(undisturbed)
    assert names(out) == names(undisturbed)


def test_a_damaged_checkpoint_falls_back_to_the_one_before(gym: Gym) -> None:
    gym.train(out="undisturbed")
    gym.apart(lambda: gym.train(gym.toy(batch=killed_at(9))))
    newest = gym.out / "out" / "checkpoints" / "step-00000008.safetensors"
    content = bytearray(newest.read_bytes())
    content[-5] ^= 1
    newest.write_bytes(content)
    told = Told()
    gym.train(resume=True, progress=told)
    assert told.remarks == ["step-00000008.safetensors damaged: going on from step-00000004.safetensors"]
    assert told.steps[0] == (4, 10)
    assert load_file(gym.out / "out" / "weights.safetensors").keys() == {"w", "idle"}
    assert rows(gym.out / "out") == rows(gym.out / "undisturbed")


def test_with_nothing_to_resume_it_begins(gym: Gym) -> None:
    told = Told()
    gym.train(resume=True, progress=told)
    assert told.remarks == [f"no checkpoint in {gym.out / 'out'} yet: beginning"]
    assert told.steps[0] == (0, 10)


def test_a_finished_training_can_be_made_longer(gym: Gym) -> None:
    gym.train(steps=12, log_every=4, out="long")
    gym.train(steps=8, log_every=4)
    assert gym.train(steps=8, resume=True).is_file()
    gym.train(steps=12, log_every=4, resume=True)
    long, out = gym.out / "long", gym.out / "out"
    assert (out / "weights.safetensors").read_bytes() == (long / "weights.safetensors").read_bytes()
    assert rows(out) == rows(long)


def test_a_training_is_not_begun_over_another(gym: Gym) -> None:
    gym.train()
    with pytest.raises(InputError, match=r"out: expected a folder without a training, or --resume; found .*step-0000"):
        gym.train()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"learning_rate": 0.2},
            r"optimiser.learning_rate: expected 0.1, with which .*step-00000010.* was made, got 0.2",
        ),
        ({"episodes_per_step": 2}, r"run.episodes_per_step: expected 4, .* got 2"),
        ({"config": {"run": {"clip": 1.0}, "seed": 3}}, "run.clip|seed: expected nothing"),
        ({"steps": 9}, r"run.steps: expected at least 10, which .* has done, got 9"),
    ],
)
def test_another_training_is_not_resumed(gym: Gym, change: dict[str, Any], said: str) -> None:
    gym.train()
    with pytest.raises(InputError, match=said):
        gym.train(resume=True, **change)


def test_other_networks_are_not_resumed(gym: Gym) -> None:
    gym.train()
    other = gym.toy()
    other.frozen = torch.nn.Linear(3, 2, bias=False)
    with pytest.raises(InputError, match=r"expected lesson.frozen.weight of shape \(2, 3\), got \(1, 3\)"):
        gym.train(other, resume=True)


def test_a_decay_that_depends_on_the_steps_keeps_them(gym: Gym) -> None:
    gym.train(decay="cosine")
    gym.train(decay="cosine", log_every=2, resume=True)
    with pytest.raises(InputError, match=r"run.steps: expected 10 as before, .* got 12"):
        gym.train(decay="cosine", steps=12, resume=True)


# --- what goes wrong ------------------------------------------------------------------------------------------------

LEFT = r"; the last good checkpoint is .*checkpoints/step-00000004\.safetensors, and --resume goes on from it$"


def broken_from(gym: Gym, step: int, loss: float, *, gradient: bool = False) -> Any:
    toy = gym.toy()

    def outcome(batch: torch.Tensor, now: int) -> Outcome:
        good = (toy.w - batch).square().sum(1).mean()
        if now < step:
            return Outcome(good, {})
        # The square root has an infinite slope at 0, though no such value.
        return Outcome(good + (toy.w - toy.w).abs().sqrt().sum() if gradient else good * loss, {})

    toy.outcome = outcome
    return toy


@pytest.mark.parametrize(("loss", "said"), [(math.nan, "nan"), (math.inf, "inf")])
def test_a_loss_that_is_no_number_ends_it(gym: Gym, loss: float, said: str) -> None:
    toy = broken_from(gym, 6, loss)
    with pytest.raises(TrainingError, match=rf"^loss: expected a number at step 7, got {said}" + LEFT):
        gym.train(toy)
    torch.testing.assert_close(toy.w.detach(), by_hand(6))


def test_a_gradient_that_is_no_number_ends_it(gym: Gym) -> None:
    toy = broken_from(gym, 6, 1, gradient=True)
    with pytest.raises(TrainingError, match=r"^gradient: expected numbers at step 7, got a norm of nan" + LEFT):
        gym.train(toy)
    torch.testing.assert_close(toy.w.detach(), by_hand(6))


def test_a_collapse_that_the_lesson_finds_ends_it(gym: Gym) -> None:
    seen: list[tuple[int, list[float]]] = []

    def check(step: int, history: Sequence[Mapping[str, float]]) -> None:
        seen.append((step, [row["step"] for row in history]))
        if step == 8:
            msg = "collapse: all energies are 0"
            raise TrainingError(msg)

    with pytest.raises(TrainingError, match="^collapse: all energies are 0" + LEFT):
        gym.train(gym.toy(check=check), check_every=2)
    assert seen == [(2, []), (4, [3]), (6, [3, 6]), (8, [3, 6])]
    assert names(gym.out / "out") == ["step-00000004.safetensors"]


def test_a_resumed_lesson_sees_the_same_history(gym: Gym) -> None:
    seen: dict[int, list[Mapping[str, float]]] = {}

    def check(step: int, history: Sequence[Mapping[str, float]]) -> None:
        timeless = [{name: value for name, value in row.items() if name != "seconds"} for row in history]
        assert seen.setdefault(step, timeless) == timeless

    gym.train(gym.toy(check=check), steps=9, out="undisturbed")
    gym.apart(lambda: gym.train(gym.toy(batch=killed_at(7)), steps=9))
    gym.train(gym.toy(check=check), resume=True, steps=9)


def test_data_that_vanish_end_it(gym: Gym) -> None:
    def gone(step: int, _: Sequence[int]) -> None:
        if step == 5:
            msg = "parts/nut: expected the folder that was there before, found nothing"
            raise MissingError(msg)

    with pytest.raises(
        MissingError, match="^parts/nut: expected the folder that was there before, found nothing" + LEFT
    ):
        gym.train(gym.toy(batch=gone))


def test_before_the_first_checkpoint_there_is_none_to_name(gym: Gym) -> None:
    with pytest.raises(TrainingError, match=r"; there is no checkpoint yet$"):
        gym.train(broken_from(gym, 1, math.nan))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", folder], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("no small disk can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def filled_at(disk: Path, step: int) -> Any:
    def fill(now: int, _: Sequence[int]) -> None:
        if now == step:
            with (disk / "others").open("wb", buffering=0) as file, suppress(OSError):
                while True:
                    file.write(bytes(1024))

    return fill


FULL = r"cannot be written \(No space left on device\)"


@pytest.mark.parametrize(
    "case",
    [
        ({"steps": 10, "checkpoint_every": 4, "log_every": 20}, 5, rf"the checkpoint of step 8 {FULL}"),
        ({"steps": 99, "checkpoint_every": 4, "log_every": 1}, 5, FULL),
        ({"steps": 500, "checkpoint_every": 300, "log_every": 1}, 301, rf"(log.csv|tensorboard/.*): the log {FULL}"),
        ({"steps": 10, "checkpoint_every": 4, "pictures_every": 7}, 5, rf"pictures/step-000007.png: {FULL}"),
    ],
    ids=["checkpoint", "any", "log", "pictures"],
)
def test_a_full_disk_ends_it(gym: Gym, small_disk: Path, case: tuple[dict[str, int], int, str]) -> None:
    settings, step, said = case
    gym.out = small_disk
    settings = {"pictures_every": 0, **settings}
    kept = step // settings["checkpoint_every"] * settings["checkpoint_every"]
    left = LEFT.replace("step-00000004", f"step-{kept:08}")
    with pytest.raises(OutputError, match=said + left):
        gym.train(gym.toy(batch=filled_at(small_disk, step)), **settings)
    assert names(small_disk / "out")[-1] == f"step-{kept:08}.safetensors"
    assert list((small_disk / "out").rglob(".*")) == []
    (small_disk / "others").unlink()
    gym.train(resume=True, **settings)
    assert [int(row["step"]) for row in rows(small_disk / "out")][-1] == settings["steps"]


def test_an_interrupt_stays_one_and_leaves_a_checkpoint(gym: Gym) -> None:
    def interrupted(step: int, _: Sequence[int]) -> None:
        if step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gym.train(gym.toy(batch=interrupted))
    assert what_is_left(gym.out / "out").endswith("step-00000004.safetensors, and --resume goes on from it")


def test_asked_to_stop_it_ends_after_the_step_with_a_checkpoint(gym: Gym) -> None:
    gym.train(out="undisturbed", steps=9)
    asked = iter([False, False, False, False, False, True])
    with pytest.raises(KeyboardInterrupt):
        gym.train(stop=lambda: next(asked), steps=9)
    assert names(gym.out / "out")[-1] == "step-00000006.safetensors"
    assert not (gym.out / "out" / "weights.safetensors").exists()
    gym.train(resume=True, stop=lambda: False, steps=9)
    assert rows(gym.out / "out") == rows(gym.out / "undisturbed")
    weights = [(gym.out / name / "weights.safetensors").read_bytes() for name in ("out", "undisturbed")]
    assert weights[0] == weights[1]


def test_a_signal_to_end_is_left_to_whoever_handles_it(gym: Gym) -> None:
    heard: list[int] = []

    def send(step: int, _: Sequence[int]) -> None:
        if step == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        gym.train(gym.toy(batch=send))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]


def test_out_of_memory_says_what_to_lower(gym: Gym) -> None:
    def greedy(step: int, _: Sequence[int]) -> None:
        if step == 5:
            raise torch.OutOfMemoryError

    with pytest.raises(TrainingError, match=r"lower run.episodes_per_step and raise run.accumulate" + LEFT):
        gym.train(gym.toy(batch=greedy))


def test_without_tensorboard_it_says_so_and_goes_on(gym: Gym, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenshot.training.diary.tensorboard_is_there", lambda: False)
    told = Told()
    gym.train(progress=told)
    assert told.remarks == ["tensorboard is not installed: the log is log.csv alone"]
    assert not (gym.out / "out" / "tensorboard").exists()


def test_without_lightning_it_says_what_to_install(gym: Gym, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tenshot.training.lightning_loop", None)
    with pytest.raises(ModuleNotFoundError):
        gym.train()
    monkeypatch.delitem(sys.modules, "tenshot.training.lightning_loop")
    for name in [name for name in sys.modules if name.partition(".")[0] == "lightning"]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingError, match=r"pip install 'tenshot\[train\]'"):
        gym.train()


# --- several processes ----------------------------------------------------------------------------------------------


def test_two_processes_train_as_one(gym: Gym) -> None:
    settings = {"episodes_per_step": 2, "accumulate": 2}
    assert gym.together(lambda _: gym.train(out="two", **settings)) == [0, 0]
    one, two = load_file(gym.train(out="one", **settings)), load_file(gym.out / "two" / "weights.safetensors")
    torch.testing.assert_close(two, one)
    for a, b in zip(rows(gym.out / "one"), rows(gym.out / "two"), strict=True):
        assert {name: float(text or 0) for name, text in a.items()} == pytest.approx(
            {name: float(text or 0) for name, text in b.items()}
        )
    assert names(gym.out / "two") == names(gym.out / "one")


def test_two_processes_are_killed_and_resumed(gym: Gym) -> None:
    gym.together(lambda _: gym.train(out="undisturbed"))

    def act(rank: int) -> None:
        with pytest.raises(TrainingError, match="^another process of this training has ended" + LEFT):
            gym.train(gym.toy(batch=killed_at(6) if rank else None))

    assert gym.together(act) == [0, -signal.SIGKILL]
    gym.together(lambda _: gym.train(resume=True))
    weights = [(gym.out / name / "weights.safetensors").read_bytes() for name in ("out", "undisturbed")]
    assert weights[0] == weights[1]
    assert rows(gym.out / "out") == rows(gym.out / "undisturbed")


def test_what_one_of_two_processes_finds_the_first_one_says(gym: Gym) -> None:
    def gone(step: int, indices: Sequence[int]) -> None:
        if step == 5 and 1 in indices:
            msg = "parts/nut is gone"
            raise MissingError(msg)

    def act(rank: int) -> None:
        kind, said = (SaidElsewhereError, "parts/nut is gone") if rank else (MissingError, "^parts/nut is gone" + LEFT)
        with pytest.raises(kind, match=said):
            gym.train(gym.toy(batch=gone))

    assert gym.together(act) == [0, 0]


def test_two_processes_stop_if_one_is_asked(gym: Gym) -> None:
    def act(rank: int) -> None:
        with pytest.raises(SaidElsewhereError if rank else KeyboardInterrupt):
            gym.train(stop=lambda: rank == 1)

    assert gym.together(act) == [0, 0]
    assert names(gym.out / "out") == ["step-00000001.safetensors"]


def test_a_full_disk_ends_two_processes(gym: Gym) -> None:
    def act(rank: int) -> None:
        original = files.write_whole

        def write(file: Path, content: bytes) -> None:
            if "step-00000008" in file.name:
                msg = f"{file}: cannot be written (No space left on device)"
                raise OutputError(msg)
            original(file, content)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tenshot.training.checkpoints.write_whole", write)
            said = SaidElsewhereError if rank else OutputError
            with pytest.raises(said, match="the checkpoint of step 8 cannot be written"):
                gym.train()

    assert gym.together(act) == [0, 0]
