from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import save_file

from tenshot.core.config import ExtractorConfig
from tenshot.core.errors import ExtractorError
from tenshot.features import ResNet10, ResNet10Extractor, build_extractor

if TYPE_CHECKING:
    from pathlib import Path


def test_it_has_ten_weighted_layers() -> None:
    network = ResNet10()
    main_path = [
        name
        for name, module in network.named_modules()
        if isinstance(module, torch.nn.Conv2d) and "shortcut" not in name
    ]
    assert len(main_path) == 10


def test_the_paper_has_one_position_in_32_pixels() -> None:
    maps = ResNet10()(torch.rand(1, 3, 128, 128) * 2 - 1)
    assert [tuple(each.shape[1:]) for each in maps] == [
        (32, 32, 32),
        (64, 16, 16),
        (128, 8, 8),
        (256, 4, 4),
        (256, 4, 4),
    ]


def test_the_head_is_bounded_and_cannot_collapse() -> None:
    head = ResNet10()(torch.rand(2, 3, 128, 128))[-1]
    assert head.abs().max() < 1
    before = torch.atanh(head.double())
    torch.testing.assert_close(before.var(dim=(2, 3), correction=0), torch.ones(2, 256).double(), atol=0.02, rtol=0)


def test_the_same_seed_gives_the_same_network_whatever_was_drawn_before() -> None:
    first = ResNet10Extractor(seed=3).spec
    torch.rand(5)
    assert ResNet10Extractor(seed=3).spec == first
    assert ResNet10Extractor(seed=4).spec.weights != first.weights


def test_strides_are_configurable() -> None:
    extractor = ResNet10Extractor(layers=(1, 4), strides=(1, 1, 2, 1))
    assert extractor.spec.strides == (4, 8)
    assert extractor.spec.multiple == 8
    assert [tuple(each.shape[-2:]) for each in extractor(torch.rand(1, 3, 64, 32))] == [(16, 8), (8, 4)]


def test_layers_come_in_order_and_once() -> None:
    extractor = ResNet10Extractor(layers=(4, 0, 0))
    assert extractor.spec.layers == (0, 4)
    assert [each.shape[1] for each in extractor(torch.rand(1, 3, 64, 64))] == [32, 256]


@pytest.mark.parametrize("layers", [(5,), (-1,), (0, 9)])
def test_layers_that_do_not_exist_are_refused(layers: tuple[int, ...]) -> None:
    with pytest.raises(ExtractorError, match=r"layers of resnet10: allowed are 0 to 3 \(stages\) and 4 \(head\), got"):
        ResNet10Extractor(layers=layers)


def test_an_image_of_a_single_position_has_no_variance_to_normalise() -> None:
    with pytest.raises(ExtractorError, match="resnet10: expected images of more than 1024 pixels, got 32x32"):
        ResNet10Extractor()(torch.rand(1, 3, 32, 32))


def test_trained_weights_come_from_a_file(tmp_path: Path) -> None:
    trained = ResNet10(seed=9)
    save_file(trained.state_dict(), tmp_path / "trained.safetensors")
    extractor = build_extractor(ExtractorConfig(name="resnet10", weights=tmp_path / "trained.safetensors"))
    assert extractor.spec.weights == ResNet10Extractor(seed=9).spec.weights
    x = torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(extractor(x)[0], trained(x * 2 - 1)[-1], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("damage", ["missing", "extra", "shape"])
def test_weights_of_another_network_are_refused(damage: str, tmp_path: Path) -> None:
    state = ResNet10().state_dict()
    if damage == "missing":
        del state["head.weight"]
    elif damage == "extra":
        state["more"] = torch.zeros(1)
    else:
        state["head.weight"] = torch.zeros(3)
    save_file(state, tmp_path / "other.safetensors")
    with pytest.raises(ExtractorError, match="weights of resnet10: expected the tensors of this network"):
        build_extractor(ExtractorConfig(name="resnet10", weights=tmp_path / "other.safetensors"))


def test_it_publishes_what_it_was_told() -> None:
    spec = ResNet10Extractor(name="ours", image_size=96, neighbourhood=3).spec
    assert (spec.name, spec.image_size, spec.neighbourhood) == ("ours", 96, 3)
    with pytest.raises(ExtractorError, match="layers of ours: allowed are 0 to 3"):
        ResNet10Extractor(name="ours", layers=(7,))
    with pytest.raises(ExtractorError, match="weights of ours: expected the tensors"):
        ResNet10Extractor(name="ours", weights={})
