from __future__ import annotations

import pytest
import torch

from tenshot.evaluation.remembering import RememberingExtractor
from tenshot.features import ResNet10Extractor


@pytest.fixture(scope="module")
def inner() -> ResNet10Extractor:
    return ResNet10Extractor()


def _frames(seed: int, side: int = 64) -> torch.Tensor:
    return torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(seed))


def test_it_gives_what_the_inner_extractor_gives(inner: ResNet10Extractor) -> None:
    remembering = RememberingExtractor(inner)
    assert remembering.spec is inner.spec
    for frames in (_frames(0), _frames(1), _frames(0, side=96), _frames(0)):
        for ours, theirs in zip(remembering(frames), inner(frames), strict=True):
            assert torch.equal(ours, theirs)


def test_the_same_frames_go_through_the_network_once_until_forgotten(inner: ResNet10Extractor) -> None:
    remembering = RememberingExtractor(inner)
    for _ in range(3):
        remembering(_frames(0))
        remembering(_frames(1))
    assert remembering.passes == 2
    remembering.forget()
    remembering(_frames(0))
    assert remembering.passes == 3


def test_gradients_flow_through_it(inner: ResNet10Extractor) -> None:
    remembering = RememberingExtractor(inner)
    remembering(_frames(0))
    frames = _frames(0).requires_grad_()
    (gradient,) = torch.autograd.grad(remembering(frames)[0].square().sum(), frames)
    assert gradient.abs().max() > 0
