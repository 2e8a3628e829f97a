from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
import torch

from tenshot.core.config import DictionaryConfig
from tenshot.core.errors import ExtractorError, SupportError
from tenshot.detectors.adaptive_energy import ScoringPath
from tenshot.detectors.adaptive_energy.shots import Shot, dictionary_of, order_atoms, take_shot
from tenshot.detectors.framing import Framing, take_photo

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenshot import Detector
    from tenshot.core.types import Image

FRAMING = Framing((64, 64))


def take(detector: Detector, images: list[Image], roi: torch.Tensor | None = None) -> tuple[ScoringPath, list[Shot]]:
    path = ScoringPath(detector.extractor, detector.config)
    with torch.no_grad():
        return path, [take_shot(path, take_photo(image, framing=FRAMING, roi=roi)) for image in images]


@pytest.fixture(scope="module")
def three(detector: Detector, images: list[Image]) -> tuple[ScoringPath, list[Shot]]:
    return take(detector, images[:3])


def test_a_shot_keeps_features_in_half_precision(three: tuple[ScoringPath, list[Shot]], images: list[Image]) -> None:
    path, shots = three
    shot = shots[0]
    assert shot.features.shape == (1, 1, 96, 8, 8)
    assert shot.features.dtype == torch.float16
    assert (shot.name, shot.digest, shot.is_grey) == ("photo 0", images[0].digest, False)
    assert shot.id == images[0].digest[:12]
    exact = path.embed(take_photo(images[0], framing=FRAMING, roi=None).frames)
    torch.testing.assert_close(shot.features[0].float(), exact, atol=1e-2, rtol=2e-3)


@pytest.mark.parametrize(("augment", "views"), [("none", 1), ("flips", 2), ("rotations", 4), ("all", 8)])
def test_augmentation_adds_different_views_of_the_photo(
    augment: str, views: int, detector_of: Callable[..., Detector], images: list[Image]
) -> None:
    path, (shot,) = take(detector_of(dictionary={"augment": augment}), images[:1])
    assert shot.features.shape == (views, 1, 96, 8, 8)
    assert len({each.numpy().tobytes() for each in shot.features}) == views
    _, (plain,) = take(detector_of(), images[:1])
    assert torch.equal(shot.features[0], plain.features[0]), "view 0 is the photo as it is"
    frame = take_photo(images[0], framing=FRAMING, roi=None).frames
    turned = {"flips": frame.flip(-1), "rotations": torch.rot90(frame, 3, (-2, -1))}
    expected = turned.get(augment, torch.rot90(frame.flip(-1), 3, (-2, -1)) if augment == "all" else frame)
    torch.testing.assert_close(shot.features[-1].float(), path.embed(expected), atol=2e-2, rtol=5e-3)


def test_regions_are_turned_with_the_views(detector_of: Callable[..., Detector], images: list[Image]) -> None:
    roi = torch.zeros(1, 64, 64)
    roi[:, :16, :32] = 1
    detector = detector_of(dictionary={"augment": "all", "atoms": None})
    path, shots = take(detector, images[:1], roi)
    ordered = order_atoms(path, shots, detector.config.dictionary)
    assert len(ordered[0].order) == 8 * 2 * 4, "two rows of four cells, in eight views"
    inside = dictionary_of(path, ordered).flat
    features = shots[0].features
    # In the third view, turned by 180°, the corner is at the other end.
    corner = path.atoms_of(features[2].float()).view(8, 8, -1)[6:, 4:].reshape(8, -1)
    assert torch.cdist(corner.double(), inside.double()).amin(dim=1).max() < 1e-4


def test_every_shot_gives_the_same_number_of_atoms(three: tuple[ScoringPath, list[Shot]]) -> None:
    path, shots = three
    for wanted, share in ((64, 21), (150, 50), (None, 64), (10_000, 64)):
        ordered = order_atoms(path, shots, DictionaryConfig(atoms=wanted))
        assert [len(shot.order) for shot in ordered] == [share] * 3
        assert all(len(set(shot.order.tolist())) == share for shot in ordered)


def test_shares_shrink_and_grow_as_if_they_had_never_been_another(three: tuple[ScoringPath, list[Shot]]) -> None:
    path, shots = three
    settings = [DictionaryConfig(atoms=count) for count in (192, 90, 64, 120, None, 70)]
    changing: tuple[Shot, ...] = tuple(shots)
    for config in settings:
        changing = order_atoms(path, changing, config)
        fresh = order_atoms(path, shots, config)
        for changed, new in zip(changing, fresh, strict=True):
            assert torch.equal(changed.order, new.order)


def test_few_shots_are_cut_into_more_groups(three: tuple[ScoringPath, list[Shot]]) -> None:
    path, shots = three
    wanted = path.config.coding.active_atoms
    for count in (1, 2, 3):
        ordered = order_atoms(path, shots[:count], DictionaryConfig(atoms=None))
        dictionary = dictionary_of(path, ordered)
        assert wanted / 2 <= len(dictionary.owners) < wanted
        assert np.bincount(dictionary.owners.numpy()).tolist() == [(wanted - 1) // count] * count


def test_atoms_are_positions_of_their_shot(three: tuple[ScoringPath, list[Shot]]) -> None:
    path, shots = three
    dictionary = dictionary_of(path, order_atoms(path, shots, DictionaryConfig(atoms=90)))
    for index, shot in enumerate(shots):
        own = path.atoms_of(shot.features[0].float())[0]
        atoms = dictionary.atoms[dictionary.owners == index].flatten(0, 1)
        assert torch.cdist(atoms.double(), own.double()).amin(dim=1).max() < 1e-4
    assert (dictionary.strengths > 0).all()


def test_a_region_limits_atoms_to_cells_that_lie_mostly_inside(detector: Detector, images: list[Image]) -> None:
    roi = torch.zeros(1, 64, 64)
    roi[:, 8:24, 0:29] = 1  # two rows of three whole cells and five eighths of a fourth one
    path, shots = take(detector, images[:2], roi)
    ordered = order_atoms(path, shots, DictionaryConfig(atoms=None))
    assert [len(shot.order) for shot in ordered] == [8, 8]


@pytest.mark.parametrize("side", [1, 5])
def test_a_region_without_a_single_cell_is_refused(side: int, detector: Detector, images: list[Image]) -> None:
    roi = torch.zeros(1, 64, 64)
    roi[:, 8 : 8 + side, 8 : 8 + side] = 1
    path, shots = take(detector, images[:2], roi)
    with pytest.raises(SupportError, match="photo 0: the region of interest is too small"):
        order_atoms(path, shots, DictionaryConfig())


def test_a_region_that_misses_the_photo_is_refused(detector: Detector, images: list[Image]) -> None:
    with pytest.raises(SupportError, match="photo 0: the region of interest is empty"):
        take(detector, images[:1], torch.zeros(1, 64, 64))


def test_features_beyond_half_precision_are_refused(detector: Detector, images: list[Image]) -> None:
    path = ScoringPath(detector.extractor, detector.config)
    photo = take_photo(images[0], framing=FRAMING, roi=None)
    with pytest.raises(ExtractorError, match=r"photo 0: features of resnet10 exceed half precision"):
        take_shot(cast("ScoringPath", _Loud(path)), photo)


class _Loud:
    """A scoring path whose extractor shouts."""

    def __init__(self, path: ScoringPath) -> None:
        self.config, self.extractor = path.config, path.extractor
        self._path = path

    def embed(self, frames: torch.Tensor) -> torch.Tensor:
        return self._path.embed(frames) * 1e6
