from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from tenshot.core.config import CodingConfig, DetectorConfig, ExtractorConfig
from tenshot.detectors.adaptive_energy.path import ScoringPath
from tenshot.detectors.adaptive_energy.shots import dictionary_of, order_atoms, take_shot
from tenshot.detectors.framing import Framing, Photo
from tenshot.energy import coder_inputs
from tenshot.features import build_extractor
from tenshot.training.detecting import chance_above, detector_dictionary, image_scores, residual_norms
from tenshot.training.frozen_features import frozen_rows

LOCAL = CodingConfig()


@pytest.mark.parametrize("shots", [1, 3])
def test_scores_are_those_of_the_detector(shots: int) -> None:
    extractor = build_extractor(ExtractorConfig(name="resnet10", layers=(0, 1, 2)))
    frames = torch.rand(shots + 2, 3, 128, 128, generator=torch.Generator().manual_seed(0)).half().float()
    path = ScoringPath(extractor, DetectorConfig(extractor=ExtractorConfig(name="resnet10", layers=(0, 1, 2))))
    config = path.config.dictionary.model_copy(update={"atoms": 300})
    square = Framing((128, 128))
    photos = [Photo(f"{i}", f"{i}", False, square, each[None], None, square.size) for i, each in enumerate(frames)]
    taken = order_atoms(path, [take_shot(path, photo) for photo in photos[:shots]], config)
    judge = ScoringPath(extractor, path.config, dictionary_of(path, taken))
    expected, _ = judge(frames[shots:])

    rows = frozen_rows(extractor, frames, neighbourhood=1)
    maps = rows.float().mT.unflatten(2, (16, 16))
    z = coder_inputs(maps, extractor.spec.channels, coding=LOCAL)
    dictionary = detector_dictionary(z[:shots], coding=LOCAL, atoms=300)
    norms = residual_norms(z[shots:], dictionary, coding=LOCAL)
    torch.testing.assert_close(image_scores(norms), expected, rtol=5e-3, atol=0)  # features in half precision


def test_the_chance_is_that_of_scikit_learn_ties_included() -> None:
    random = np.random.default_rng(0)
    high, low = (torch.tensor(random.integers(0, 12, size).astype(np.float32) + 0) for size in (23, 41))
    expected = roc_auc_score([1] * 23 + [0] * 41, torch.cat([high, low]))
    assert chance_above(high, low).item() == pytest.approx(expected)
    assert chance_above(high + 20, low) == 1
    assert chance_above(low[:1], low[:1]) == 0.5
