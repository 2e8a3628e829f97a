from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file
from sklearn.datasets import load_sample_image

from tenshot.core.errors import ExtractorError
from tenshot.features import Extractor, TimmExtractor
from tenshot.features.weights import lite0_weights

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_the_default_taps_strides_4_8_and_16(extractor_of: Callable[..., Extractor]) -> None:
    spec = extractor_of("efficientnet_lite0").spec
    assert spec.strides == (4, 8, 16)
    assert sum(spec.channels) == 176
    assert spec.mean == spec.std == (0.5, 0.5, 0.5)
    assert spec.image_size == 256


def test_a_plain_transformer_is_tapped_around_its_middle(extractor_of: Callable[..., Extractor]) -> None:
    spec = extractor_of("vit_small_patch14_dinov2").spec
    assert spec.layers == (4, 5, 6, 7)
    assert spec.strides == (14,) * 4
    assert spec.image_size == 448


def test_the_default_network_recognises_a_palace() -> None:
    """Weights under wrong names would see nothing in a photo; these see what it shows."""
    network = timm.create_model("tf_efficientnet_lite0").eval()
    network.load_state_dict(lite0_weights(list(network.state_dict())))
    photo = torch.tensor(load_sample_image("china.jpg")).permute(2, 0, 1)[None] / 255
    square = torch.nn.functional.interpolate(photo[..., 100:500], size=(224, 224), mode="bilinear", antialias=True)
    with torch.no_grad():
        guess = network((square - 0.5) / 0.5).softmax(dim=1)[0]
    assert guess.argmax() == 698
    assert guess[698] > 0.3


def test_layers_come_in_the_networks_order_and_once(extractor_of: Callable[..., Extractor]) -> None:
    extractor = extractor_of("test_resnet", (3, 1, 3))
    plain = extractor_of("test_resnet", (1, 3))
    assert extractor.spec == plain.spec
    x = torch.rand(1, 3, 64, 64)
    assert all(torch.equal(a, b) for a, b in zip(extractor(x), plain(x), strict=True))


@pytest.mark.parametrize("layers", [(5,), (-1,), (1, 99)])
def test_layers_that_do_not_exist_are_refused(layers: tuple[int, ...], local_weights: Callable[..., Path]) -> None:
    with pytest.raises(ExtractorError, match="layers of test_resnet: allowed are 0 to 4, got"):
        TimmExtractor("test_resnet", layers=layers, weights=local_weights("test_resnet"))


@pytest.mark.parametrize("name", ["test_resnet", "test_convnext", "test_vit"])
def test_features_are_those_of_the_plain_network(
    name: str, extractor_of: Callable[..., Extractor], local_weights: Callable[..., Path]
) -> None:
    extractor = extractor_of(name)
    network = timm.create_model(name).eval()
    network.load_state_dict(load_file(local_weights(name)))
    x = torch.rand(1, 3, 160, 160)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (extractor.spec.mean, extractor.spec.std))
    layers = list(extractor.spec.layers)
    expected = network.forward_intermediates((x - mean) / std, indices=layers, intermediates_only=True)
    for ours, theirs in zip(extractor(x), expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-3)


def test_another_weight_is_another_extractor(local_weights: Callable[..., Path], tmp_path: Path) -> None:
    state = load_file(local_weights("test_resnet"))
    before = TimmExtractor("test_resnet", weights=local_weights("test_resnet")).spec
    state["layer1.0.conv1.weight"][0, 0, 0, 0] += 0.01
    save_file(state, tmp_path / "tuned.safetensors")
    after = TimmExtractor("test_resnet", weights=tmp_path / "tuned.safetensors").spec
    assert after.weights != before.weights
    assert after.channels == before.channels


def test_half_precision_weights_are_read_as_float32(local_weights: Callable[..., Path], tmp_path: Path) -> None:
    state = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in load_file(local_weights("test_resnet")).items()
    }
    save_file(state, tmp_path / "half.safetensors")
    extractor = TimmExtractor("test_resnet", weights=tmp_path / "half.safetensors")
    assert all(parameter.dtype == torch.float32 for parameter in extractor.parameters())


def test_weights_of_another_network_are_refused(local_weights: Callable[..., Path]) -> None:
    with pytest.raises(
        ExtractorError, match=r"weights of test_resnet: expected \d+ tensors, \d+ are missing, .+ first"
    ):
        TimmExtractor("test_resnet", weights=local_weights("test_vit"))


def test_weights_of_another_shape_are_refused(local_weights: Callable[..., Path], tmp_path: Path) -> None:
    state = load_file(local_weights("test_resnet"))
    state["layer1.0.conv1.weight"] = torch.zeros(2, 2)
    save_file(state, tmp_path / "other.safetensors")
    with pytest.raises(ExtractorError, match=r"weights of test_resnet: tensors of another shape \(.*layer1.0.conv1"):
        TimmExtractor("test_resnet", weights=tmp_path / "other.safetensors")


def test_a_transformer_takes_sizes_it_was_not_trained_at(extractor_of: Callable[..., Extractor]) -> None:
    maps = extractor_of("test_vit")(torch.rand(1, 3, 48, 96))
    assert {tuple(each.shape[-2:]) for each in maps} == {(3, 6)}


FIXED = "mixer_s32_224"


def test_a_network_of_fixed_size_says_so(extractor_of: Callable[..., Extractor]) -> None:
    extractor = extractor_of(FIXED)
    assert extractor.spec.image_size == 224
    with pytest.raises(ExtractorError, match=rf"extractor {FIXED}: cannot take images of 64x64 pixels \(.+224"):
        extractor(torch.rand(1, 3, 64, 64))


def test_maps_with_channels_last_are_turned() -> None:
    network = timm.create_model("swin_tiny_patch4_window7_224", depths=(1, 1, 1, 1), embed_dim=24, features_only=True)
    published = network.feature_info.channels()
    stand_in = object.__new__(TimmExtractor)
    torch.nn.Module.__init__(stand_in)
    stand_in.network = network
    maps = stand_in._maps(torch.rand(1, 3, 224, 224))
    assert [each.shape[1] for each in maps] == published


def test_a_network_that_timm_cannot_take_apart_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def whole(*_: Any, **__: Any) -> torch.nn.Module:
        message = "features_only not implemented"
        raise RuntimeError(message)

    monkeypatch.setattr(timm, "create_model", whole)
    with pytest.raises(ExtractorError, match=r"timm cannot give its intermediate features \(features_only not impl"):
        TimmExtractor("test_resnet")
