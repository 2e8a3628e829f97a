from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from tenshot import Adapted, Detector
    from tenshot.core.types import Image


def frames_of(*photos: NDArray[np.uint8]) -> torch.Tensor:
    return torch.stack([torch.tensor(each).permute(2, 0, 1) / 255 for each in photos])


@pytest.fixture(scope="module")
def adapted_of(detector_of: Callable[..., Detector], images: list[Image]) -> Callable[..., Adapted]:
    return lambda **changes: detector_of(**changes).adapt(images[:4])


def test_features_lie_on_the_published_grid(detector: Detector, adapted_of: Callable[..., Adapted]) -> None:
    path = adapted_of().path
    z = path.embed(torch.rand(2, 3, 64, 96))
    assert z.shape == (2, sum(detector.extractor.spec.channels), 8, 12)
    assert path.frame_size(z) == (64, 96)


@pytest.mark.parametrize("field", [1, 3])
def test_the_coder_sees_unit_norm_whatever_the_receptive_field(field: int, adapted_of: Callable[..., Adapted]) -> None:
    path = adapted_of(coding={"receptive_field": field}).path
    z = path.atoms_of(path.embed(torch.rand(1, 3, 64, 64)))
    assert z.shape == (1, 64, 96 * field**2)
    torch.testing.assert_close(z.norm(dim=2), torch.ones(1, 64))
    torch.testing.assert_close(path.atoms.norm(dim=2), torch.ones(path.atoms.shape[:2]), atol=1e-3, rtol=0)


MODES = [
    {"map": "residual", "score": "worst"},
    {"map": "residual", "score": "energy"},
    {"map": "gradient", "score": "worst"},
    {"map": "gradient", "score": "energy"},
]


@pytest.mark.parametrize("scoring", MODES, ids=lambda mode: f"{mode['map']}-{mode['score']}")
def test_every_mode_judges_frames_one_by_one(
    scoring: dict[str, Any],
    adapted_of: Callable[..., Adapted],
    photo: Callable[..., NDArray[np.uint8]],
    torn: NDArray[np.uint8],
) -> None:
    path = adapted_of(scoring=scoring).path
    frames = frames_of(photo(50), torn)
    scores, maps = path(frames)
    assert scores.shape == (2,)
    assert maps.shape == (2, 64, 64)
    assert maps.min() >= 0
    assert scores[1] > scores[0] > 0
    alone, alone_map = path(frames[1:])
    torch.testing.assert_close(alone, scores[1:], atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(alone_map, maps[1:], atol=1e-3, rtol=1e-2)


@pytest.mark.parametrize("scoring", MODES, ids=lambda mode: f"{mode['map']}-{mode['score']}")
def test_a_region_that_is_everywhere_changes_nothing(
    scoring: dict[str, Any], adapted_of: Callable[..., Adapted], torn: NDArray[np.uint8]
) -> None:
    path = adapted_of(scoring=scoring).path
    for without, everywhere in zip(
        path(frames_of(torn)), path(frames_of(torn), roi=torch.ones(1, 64, 64)), strict=True
    ):
        torch.testing.assert_close(without, everywhere)


@pytest.mark.parametrize("scoring", MODES, ids=lambda mode: f"{mode['map']}-{mode['score']}")
def test_a_region_that_is_nowhere_leaves_nothing(
    scoring: dict[str, Any], adapted_of: Callable[..., Adapted], torn: NDArray[np.uint8]
) -> None:
    scores, maps = adapted_of(scoring=scoring).path(frames_of(torn), roi=torch.zeros(1, 64, 64))
    assert scores.tolist() == [0.0]
    assert maps.abs().max() == 0


def test_the_residual_half_is_the_whole(adapted_of: Callable[..., Adapted], torn: NDArray[np.uint8]) -> None:
    path = adapted_of().path
    frames = frames_of(torn)
    for whole, half in zip(path(frames), path.judge(path.embed(frames), size=(64, 64)), strict=True):
        assert torch.equal(whole, half)


def test_the_score_of_the_paper_is_the_mean_squared_residual(
    adapted_of: Callable[..., Adapted], torn: NDArray[np.uint8]
) -> None:
    path = adapted_of(scoring={"score": "energy"}, coding={"method": "nearest"}).path
    z = path.atoms_of(path.embed(frames_of(torn)))[0]
    nearest = torch.cdist(z.double(), path.atoms.flatten(0, 1).double()).amin(dim=1)
    assert float(path(frames_of(torn))[0]) == pytest.approx(float(nearest.square().mean()), rel=1e-4)


def test_a_path_without_a_dictionary_only_embeds(detector: Detector) -> None:
    from tenshot.detectors.adaptive_energy import ScoringPath

    path = ScoringPath(detector.extractor, detector.config)
    assert path.embed(torch.rand(1, 3, 64, 64)).shape == (1, 96, 8, 8)
    assert not hasattr(path, "atoms")
