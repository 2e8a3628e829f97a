from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import torch

from tenshot.core.errors import InputError
from tenshot.detectors.autoencoder import AutoEncoderMethod, AutoEncoderSettings, method
from tenshot.detectors.autoencoder.entry import ENTRIES
from tenshot.detectors.autoencoder.ssim import ssim_map
from tenshot.detectors.entries import Materials
from tenshot.detectors.framed import FramedDetector
from tenshot.energy import gaussian_blur

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenshot.core.types import Image
    from tenshot.detectors.autoencoder.method import Likeness

ENTRY = {entry.name: entry for entry in ENTRIES}


def frames(count: int, seed: int = 0) -> torch.Tensor:
    """Smooth stripes of slightly different phase."""
    phase = torch.rand(count, generator=torch.Generator().manual_seed(seed)).view(-1, 1, 1, 1)
    wave = torch.sin(torch.arange(128) / 12 + phase).expand(count, 3, 128, 128)
    return 0.5 + 0.4 * wave


def settings(**training: float) -> AutoEncoderSettings:
    return AutoEncoderSettings.model_validate({"training": {"batch": 2, **training}})


@pytest.mark.parametrize("likeness", ["mse", "ssim"])
def test_training_lowers_the_error_on_frames_it_has_not_seen(likeness: Likeness) -> None:
    support, unseen = frames(6), frames(2, seed=1)
    scores = []
    for steps in (0, 12):
        normality = AutoEncoderMethod(likeness, settings(steps=steps, rate=1e-3)).fit(support)
        with torch.no_grad():
            scores.append(normality.judge(unseen, size=(128, 128))[1].mean().item())
    assert scores[1] < 0.8 * scores[0]


def test_the_same_seed_gives_the_same_weights_to_the_bit() -> None:
    first, same, other = (
        AutoEncoderMethod("mse", settings(steps=2), seed=seed).fit(frames(3)).network.state_dict() for seed in (0, 0, 1)
    )
    assert all(torch.equal(value, same[name]) for name, value in first.items())
    assert any(not torch.equal(value, other[name]) for name, value in first.items())


@pytest.mark.parametrize("likeness", ["mse", "ssim"])
def test_scores_and_maps_are_what_they_say(likeness: Likeness) -> None:
    """The worst 1 % of a 128 px frame are 164 pixels."""
    queries = frames(2)
    normality = AutoEncoderMethod(likeness, settings(steps=0)).fit(frames(2))
    with torch.no_grad():
        scores, maps = normality.judge(queries, size=(128, 128))
        again = normality.network(queries)
        errors = {"mse": ((queries - again) ** 2).mean(dim=1), "ssim": 1 - ssim_map(queries, again)}[likeness]
        torch.testing.assert_close(scores, errors.flatten(1).sort(dim=1).values[:, -164:].mean(dim=1))
        torch.testing.assert_close(maps, gaussian_blur(errors, 4.0), atol=1e-4, rtol=1e-4)


def test_no_steps_leave_the_start() -> None:
    from tenshot.detectors.autoencoder.network import ConvolutionalAutoEncoder

    found = AutoEncoderMethod("mse", settings(steps=0), seed=3).fit(frames(2)).network.state_dict()
    start = ConvolutionalAutoEncoder(torch.Generator().manual_seed(3)).state_dict()
    assert all(torch.equal(value, found[name]) for name, value in start.items())


@pytest.mark.parametrize(("count", "held"), [(2, 1), (4, 1), (10, 2), (209, 42)])
def test_one_network_learns_from_some_and_is_calibrated_on_the_others(
    count: int, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    support = torch.arange(count).view(-1, 1)
    taught: list[list[int]] = []

    def remember(self: AutoEncoderMethod, part: torch.Tensor) -> object:  # noqa: ARG001
        taught.append(part[:, 0].tolist())
        return taught

    monkeypatch.setattr(AutoEncoderMethod, "fit", remember)
    normality, held_out = AutoEncoderMethod("mse").learn(support)
    indices = [index for _, index in held_out]
    assert len(taught) == 1
    assert len(indices) == held
    assert sorted(taught[0] + indices) == list(range(count))
    assert all(each is normality for each, _ in held_out)


def test_what_it_is_calibrated_with_is_what_judges(images: Sequence[Image], monkeypatch: pytest.MonkeyPatch) -> None:
    runs = []
    real = method.fit

    def counted(*given: Any, **options: Any) -> None:
        runs.append(options["steps"])
        real(*given, **options)

    monkeypatch.setattr(method, "fit", counted)
    adapted = FramedDetector(AutoEncoderMethod("mse", settings(steps=1))).adapt(images[:6])
    assert runs == [1]
    assert len(adapted.verdicts.scores) == 1
    (prediction,) = adapted.predict(images[7])
    assert prediction.score > 0


def test_entries_build_what_they_say() -> None:
    materials = Materials(extractors=None, changes={"training": {"steps": 5}}, seed=7)
    for name, likeness in (("ae_mse", "mse"), ("ae_ssim", "ssim")):
        told = json.loads(json.dumps(ENTRY[name].build(materials).settings))
        assert (told["likeness"], told["seed"], told["training"]["steps"]) == (likeness, 7, 5)
        assert ENTRY[name].kind == "all"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"training": {"epochs": 3}}, "training.epochs"),
        ({"training": {"steps": -1}}, "training.steps"),
        ({"training": {"rate": 0}}, "training.rate"),
        ({"coding": {"ridge": 1}}, "coding"),
    ],
)
def test_settings_it_does_not_have_are_refused(changes: dict[str, dict[str, object]], words: str) -> None:
    with pytest.raises(InputError, match=words):
        ENTRY["ae_mse"].build(Materials(extractors=None, changes=changes))
