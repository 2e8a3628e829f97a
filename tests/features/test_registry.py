from __future__ import annotations

import pytest
import torch

from tenshot.core.config import ExtractorConfig
from tenshot.core.errors import ExtractorError, InputError
from tenshot.features import ResNet10Extractor, TimmExtractor, build_extractor


def test_names_lead_to_their_networks() -> None:
    assert isinstance(build_extractor(ExtractorConfig(name="resnet10")), ResNet10Extractor)
    assert isinstance(build_extractor(ExtractorConfig(name="efficientnet_lite0", layers=(1,))), TimmExtractor)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("resnet1", "did you mean resnet"), ("efficientnet_lit0", "efficientnet"), ("zzz", "a timm network")],
)
def test_an_unknown_extractor_is_told_what_there_is(name: str, hint: str) -> None:
    with pytest.raises(ExtractorError, match=f"extractor '{name}': expected efficientnet_lite0, resnet10 or") as caught:
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
