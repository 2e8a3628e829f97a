from __future__ import annotations

import pytest
import torch

from tenshot.core.errors import InputError
from tenshot.training.machine import Place, find_place, is_first, under_torchrun
from tenshot.training.run_settings import RunSettings


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda _: False)


@pytest.fixture
def no_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.usefixtures("no_cuda")
def test_without_cuda_it_is_the_cpu() -> None:
    assert find_place(RunSettings(processes=2)) == Place("cpu", 2, 1)
    assert find_place(RunSettings(precision="bf16-mixed")).accelerator == "cpu"
    with pytest.raises(InputError, match="accelerator: expected cpu or auto, since torch finds no CUDA device"):
        find_place(RunSettings(accelerator="cuda"))
    with pytest.raises(InputError, match="precision: expected 32-true or bf16-mixed on a CPU, got 16-mixed"):
        find_place(RunSettings(precision="16-mixed"))


@pytest.mark.usefixtures("cuda")
def test_with_cuda_it_is_that_unless_said_otherwise() -> None:
    assert find_place(RunSettings(processes=2, precision="16-mixed")) == Place("cuda", 2, 1)
    assert find_place(RunSettings(processes=4, accelerator="cpu")) == Place("cpu", 4, 1)
    with pytest.raises(InputError, match="processes: expected at most 2, one per CUDA device, got 4"):
        find_place(RunSettings(processes=4))
    with pytest.raises(InputError, match="which has no bfloat16, got bf16-mixed"):
        find_place(RunSettings(precision="bf16-mixed"))


@pytest.mark.usefixtures("no_cuda")
def test_under_torchrun_its_numbers_count(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (under_torchrun(), is_first()) == (False, True)
    with monkeypatch.context() as patch:
        facts = {"TORCHELASTIC_RUN_ID": "x", "LOCAL_WORLD_SIZE": "2", "WORLD_SIZE": "6", "RANK": "4", "LOCAL_RANK": "0"}
        for name, value in facts.items():
            patch.setenv(name, value)
        assert (under_torchrun(), is_first()) == (True, False)
        place = find_place(RunSettings(episodes_per_step=6))
        assert (place, place.world) == (Place("cpu", 2, 3), 6)
        with pytest.raises(InputError, match="episodes_per_step: expected a multiple of the 6 processes, got 4"):
            find_place(RunSettings(episodes_per_step=4))


def test_a_process_that_lightning_started_is_not_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("LOCAL_RANK", "1")
        assert not is_first()
