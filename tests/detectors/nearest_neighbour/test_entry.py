"""Nearest neighbour against a search by hand: the control must be what its name says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from tenshot.data.frames import to_tensor
from tenshot.detectors.adaptive_energy.path import ScoringPath
from tenshot.detectors.entries import Materials
from tenshot.detectors.registry import find_entry
from tenshot.energy import directions
from tenshot.features import ResNet10Extractor

if TYPE_CHECKING:
    from tenshot import Detector
    from tenshot.core.types import Image


@pytest.mark.parametrize(("name", "normalise"), [("nearest", True), ("nearest_raw", False)])
def test_the_score_is_the_distance_to_the_closest_normal_feature(
    name: str, normalise: bool, images: list[Image]
) -> None:
    extractor = ResNet10Extractor(layers=(0, 1))
    changes = {"detector": {"image_size": 64}, "scoring": {"worst_share": 0.1}}
    detector: Detector = find_entry(name).build(Materials(extractors=lambda _: extractor, changes=changes))  # type: ignore[assignment]
    path = ScoringPath(extractor, detector.config)
    z = [path.embed(to_tensor(image)[None]) for image in images[:5]]
    if normalise:
        z = [directions(each, extractor.spec.channels) for each in z]
    *support, query = [each[0].flatten(1).T for each in z]
    closest = torch.cdist(query, torch.cat(support)).min(dim=1).values
    expected = float(closest.topk(round(0.1 * len(closest))).values.mean())
    (prediction,) = detector.adapt(images[:4]).predict(images[4])
    # Support frames and features are kept in half precision.
    assert prediction.score == pytest.approx(expected, rel=5e-3)


def test_every_normal_feature_is_an_atom(images: list[Image]) -> None:
    extractor = ResNet10Extractor(layers=(0, 1))
    changes = {"detector": {"image_size": 64}}
    detector: Detector = find_entry("nearest").build(Materials(extractors=lambda _: extractor, changes=changes))  # type: ignore[assignment]
    atoms = detector.adapt(images[:3]).path.atoms
    assert len(atoms.flatten(0, -2).unique(dim=0)) == 3 * 8 * 8
