from __future__ import annotations

import json

import pytest
import torch

from tenshot.core.errors import InputError
from tenshot.detectors.entries import Materials
from tenshot.detectors.sparse_autoencoder import SparseAutoEncoderMethod
from tenshot.detectors.sparse_autoencoder.entry import ENTRIES
from tenshot.detectors.sparse_autoencoder.network import SparseAutoEncoder
from tenshot.energy import gaussian_blur

(ENTRY,) = ENTRIES


def frames(count: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(count, 3, 64, 64, generator=torch.Generator().manual_seed(seed))


def weights(seed: int) -> dict[str, torch.Tensor]:
    return SparseAutoEncoder(torch.Generator().manual_seed(seed)).state_dict()


def test_scores_are_mean_squared_errors_and_maps_smoothed_ones() -> None:
    normality = SparseAutoEncoderMethod().fit(frames(2))
    queries = frames(2, seed=1)
    scores, maps = normality.judge(queries, size=(64, 64))
    errors = ((normality.network(queries, normality.conditions) - queries) ** 2).mean(dim=1)
    torch.testing.assert_close(scores, errors.mean(dim=(1, 2)))
    torch.testing.assert_close(maps, gaussian_blur(errors, 4.0), rtol=1e-4, atol=1e-5)
    assert not scores.requires_grad


def test_trained_weights_are_used_and_without_any_the_seed_decides() -> None:
    methods = SparseAutoEncoderMethod(), SparseAutoEncoderMethod(seed=1), SparseAutoEncoderMethod(trained=weights(1))
    scores = [method.fit(frames(2)).judge(frames(1, seed=1), size=(64, 64))[0].item() for method in methods]
    assert scores[0] != scores[1] == scores[2]
    assert [method.settings["trained"] for method in methods] == [False, False, True]


def test_what_it_says_of_its_coding_is_what_it_does() -> None:
    from tenshot.coding import lambda_schedule
    from tenshot.detectors.sparse_autoencoder.network import LAMBDAS

    coding = SparseAutoEncoderMethod().settings["coding"]
    assert lambda_schedule(coding["lambda_max"], coding["lambda_min"], coding["iterations"]) == LAMBDAS


def test_the_entry_builds_what_it_says() -> None:
    told = json.loads(json.dumps(ENTRY.build(Materials(extractors=None, seed=7, trained=weights(0))).settings))
    assert (told["seed"], told["trained"]) == (7, True)
    assert (ENTRY.kind, ENTRY.side) == ("tasks", 128)


def test_settings_it_does_not_have_are_refused() -> None:
    with pytest.raises(InputError, match="training"):
        ENTRY.build(Materials(extractors=None, changes={"training": {"steps": 1}}))


@pytest.mark.parametrize("foreign", [{}, {"foreign": torch.zeros(1)}])
def test_weights_of_another_network_are_refused(foreign: dict[str, torch.Tensor]) -> None:
    with pytest.raises(InputError, match="weights: expected those of sparse_ae"):
        ENTRY.build(Materials(extractors=None, trained=foreign))
