from __future__ import annotations

import json

import pytest
import torch

from tenshot.core.errors import InputError
from tenshot.detectors.entries import Materials
from tenshot.detectors.maml_autoencoder import MamlMethod, MamlSettings
from tenshot.detectors.maml_autoencoder.entry import ENTRIES
from tenshot.detectors.maml_autoencoder.network import ResNetAutoEncoder
from tenshot.energy import gaussian_blur

(ENTRY,) = ENTRIES


def frames(count: int, seed: int = 0) -> torch.Tensor:
    phase = torch.rand(count, generator=torch.Generator().manual_seed(seed)).view(-1, 1, 1, 1)
    return 0.5 + 0.4 * torch.sin(torch.arange(64) / 8 + phase).expand(count, 3, 64, 64)


def start(seed: int) -> dict[str, torch.Tensor]:
    return ResNetAutoEncoder(torch.Generator().manual_seed(seed)).state_dict()


def score(method: MamlMethod) -> float:
    with torch.no_grad():
        return method.fit(frames(3)).judge(frames(2, seed=1), size=(64, 64))[0].mean().item()


def test_adaptation_lowers_the_error_on_other_normals_and_changes_no_start() -> None:
    scores = []
    for steps in (0, 1, 5):
        method = MamlMethod(MamlSettings.model_validate({"adaptation": {"steps": steps}}))
        before = {name: value.clone() for name, value in method.network.state_dict().items()}
        scores.append(score(method))
        assert all(torch.equal(value, before[name]) for name, value in method.network.state_dict().items())
    assert scores[0] > scores[1] > scores[2]


def test_scores_are_mean_squared_errors_and_maps_smoothed_ones() -> None:
    normality = MamlMethod().fit(frames(3))
    queries = frames(2, seed=1)
    with torch.no_grad():
        scores, maps = normality.judge(queries, size=(64, 64))
        errors = ((normality.network(queries, normality.statistics)[0] - queries) ** 2).mean(dim=1)
    torch.testing.assert_close(scores, errors.mean(dim=(1, 2)))
    torch.testing.assert_close(maps, gaussian_blur(errors, 4.0), rtol=1e-4, atol=1e-5)


def test_queries_do_not_share_statistics() -> None:
    normality = MamlMethod().fit(frames(2))
    queries = torch.cat([frames(1, seed=1), torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))])
    with torch.no_grad():
        together, _ = normality.judge(queries, size=(64, 64))
        alone, _ = normality.judge(queries[:1], size=(64, 64))
    torch.testing.assert_close(together[:1], alone)


def test_a_trained_start_is_used_and_without_one_the_seed_decides() -> None:
    untrained, other, trained = MamlMethod(), MamlMethod(seed=1), MamlMethod(trained=start(1))
    assert score(untrained) != score(other)
    assert score(other) == score(trained)
    assert (untrained.settings["trained"], trained.settings["trained"]) == (False, True)


def test_the_entry_builds_what_it_says() -> None:
    detector = ENTRY.build(Materials(extractors=None, changes={"adaptation": {"steps": 2}}, seed=7, trained=start(0)))
    told = json.loads(json.dumps(detector.settings))
    assert (told["adaptation"]["steps"], told["seed"], told["trained"]) == (2, 7, True)
    assert (ENTRY.kind, ENTRY.side) == ("tasks", 128)


@pytest.mark.parametrize("changes", [{"adaptation": {"epochs": 1}}, {"training": {"steps": 1}}])
def test_settings_it_does_not_have_are_refused(changes: dict[str, dict[str, object]]) -> None:
    with pytest.raises(InputError, match=r"epochs|training"):
        ENTRY.build(Materials(extractors=None, changes=changes))


@pytest.mark.parametrize("weights", [{}, {"foreign": torch.zeros(1)}])
def test_weights_of_another_network_are_refused(weights: dict[str, torch.Tensor]) -> None:
    with pytest.raises(InputError, match="weights: expected those of MAML-AE"):
        ENTRY.build(Materials(extractors=None, trained=weights))
