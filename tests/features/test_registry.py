from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tenshot.core.config import ExtractorConfig
from tenshot.core.errors import ExtractorError, InputError, MissingError
from tenshot.features import ResNet10, ResNet10Extractor, TimmExtractor, build_extractor
from tenshot.features.adapter import Adapter
from tenshot.features.adapter_file import adapter_facts
from tenshot.features.design import Design
from tenshot.features.names import RESNET10, TENSHOT_RESNET10, UNTRAINED_TWIN


def test_names_lead_to_their_networks() -> None:
    assert isinstance(build_extractor(ExtractorConfig(name="resnet10")), ResNet10Extractor)
    assert isinstance(build_extractor(ExtractorConfig(name="efficientnet_lite0", layers=(1,))), TimmExtractor)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("resnet1", "did you mean resnet"),
        ("efficientnet_lit0", "efficientnet"),
        ("tenshot_resnet", "did you mean tenshot_resnet10"),
        ("zzz", "a timm network"),
    ],
)
def test_an_unknown_extractor_is_told_what_there_is(name: str, hint: str) -> None:
    with pytest.raises(
        ExtractorError, match=f"extractor '{name}': expected efficientnet_lite0, tenshot_resnet10, .* or"
    ) as caught:
        build_extractor(ExtractorConfig(name=name))
    assert hint in str(caught.value)


@pytest.mark.parametrize("device", ["cuda:99", "nonsense", ""])
def test_a_device_that_is_not_there_is_named(device: str) -> None:
    with pytest.raises(InputError, match=f"device '{device}': not available on this machine"):
        build_extractor(ExtractorConfig(name="resnet10"), device=device)


def test_what_is_built_in_inference_mode_still_gives_gradients() -> None:
    with torch.inference_mode():
        extractor = build_extractor(ExtractorConfig(name="resnet10"))
    x = torch.rand(1, 3, 64, 64, requires_grad=True)
    (gradient,) = torch.autograd.grad(extractor(x)[0].square().sum(), x)
    assert gradient.abs().sum() > 0


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """Weights that are not those of any start, of a network unlike the paper's."""
    design = Design(strides=(1, 2, 1, 1), layers=(1, 2), image_size=96, neighbourhood=3, seed=7)
    file = tmp_path / "trained.safetensors"
    save_file(ResNet10(strides=design.strides, seed=9).state_dict(), file, metadata=design.facts(recipe="r"))
    return file


@pytest.mark.parametrize("name", [RESNET10, TENSHOT_RESNET10])
def test_a_file_of_weights_says_what_the_network_is(name: str, trained: Path) -> None:
    spec = build_extractor(ExtractorConfig(name=name, weights=trained)).spec
    assert spec.name == name
    assert (spec.layers, spec.strides, spec.image_size, spec.neighbourhood) == ((1, 2), (8, 8), 96, 3)
    assert spec.weights == ResNet10Extractor(strides=(1, 2, 1, 1), seed=9).spec.weights
    other = build_extractor(ExtractorConfig(name=name, weights=trained, layers=(0, 4))).spec
    assert (other.layers, other.strides, other.image_size) == ((0, 4), (4, 8), 96)


def test_the_untrained_twin_is_what_training_started_from(trained: Path) -> None:
    before, after = (
        build_extractor(ExtractorConfig(name=name, weights=trained)).spec for name in (UNTRAINED_TWIN, TENSHOT_RESNET10)
    )
    assert before.weights == ResNet10Extractor(strides=(1, 2, 1, 1), seed=7).spec.weights
    assert before == replace(after, name=UNTRAINED_TWIN, weights=before.weights)


def test_what_is_shipped_needs_no_file() -> None:
    trained = build_extractor(ExtractorConfig(name=TENSHOT_RESNET10)).spec
    twin = build_extractor(ExtractorConfig(name=UNTRAINED_TWIN)).spec
    assert twin == replace(trained, name=UNTRAINED_TWIN, weights=twin.weights)
    assert twin.weights != trained.weights


def test_an_adapter_is_put_behind_the_network_that_it_suits(tmp_path: Path) -> None:
    inner = ResNet10Extractor(layers=(0, 1))
    adapter = Adapter(inner.spec.channels)
    with torch.no_grad():
        adapter.scale[1].fill_(3)
    file = tmp_path / "a.safetensors"
    save_file(adapter.tensors(), file, metadata=adapter_facts(inner.spec, recipe="threefold"))
    extractor = build_extractor(ExtractorConfig(name=RESNET10, layers=(0, 1), adapter=file))
    assert extractor.spec.adapter == "threefold"
    x = torch.rand(1, 3, 64, 64)
    assert torch.equal(extractor(x)[0], inner(x)[0])
    assert torch.equal(extractor(x)[1], 3 * inner(x)[1])
    plain = build_extractor(ExtractorConfig(name=RESNET10, layers=(0, 1), adapter="none")).spec
    assert plain == inner.spec


def test_an_adapter_that_is_not_there_is_told_what_there_is() -> None:
    with pytest.raises(
        MissingError, match="adapter episodc: expected none, episodic or a safetensors file, found noth"
    ):
        build_extractor(ExtractorConfig(name=RESNET10, adapter=Path("episodc")))
    with pytest.raises(
        ExtractorError, match=r"adapter 'episodic': expected an extractor that has one \(.+\), got resnet"
    ):
        build_extractor(ExtractorConfig(name=RESNET10, adapter="episodic"))
