from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from tenshot.core.config import CodingConfig
from tenshot.training import adapter_objective
from tenshot.training.adapter_objective import Exercise, adapter_loss, exercise_of
from tenshot.training.frozen_features import FrozenEpisode
from tenshot.training.learning_adapter import LearningAdapter
from tenshot.training.lesson_settings import AdapterSettings

CHANNELS, QUERIES, POSITIONS = (3, 4), 2, 300
SETTINGS = AdapterSettings(hardest=12, margin=0.4, temperature=0.2, positions=0.7, shots=(1, 3), atoms=128)


def _episode(seed: int = 0, *, damage: float = 0.4) -> FrozenEpisode:
    generator = torch.Generator().manual_seed(seed)
    centre = 3 * torch.rand(7, generator=generator)
    support, query = (centre + torch.rand(n, POSITIONS, 7, generator=generator) for n in (3, QUERIES))
    inside = torch.rand(QUERIES, POSITIONS, generator=generator) < 0.1
    noise = damage * torch.randn(query.shape, generator=generator)
    return FrozenEpisode(support.half(), query.half(), (query + noise * inside[..., None]).half(), inside)


def _exercise(episode: FrozenEpisode, coding: CodingConfig, seed: int = 0, shots: int = 3) -> Exercise:
    settings = SETTINGS.model_copy(update={"shots": (shots,)})
    return exercise_of(episode, settings=settings, coding=coding, generator=torch.Generator().manual_seed(seed))


def _adapter() -> LearningAdapter:
    adapter = LearningAdapter(CHANNELS, settings=SETTINGS)
    with torch.no_grad():
        for parameter in adapter.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(4)), alpha=0.2)
    return adapter


def _norm(z: np.ndarray, groups: np.ndarray, coding: CodingConfig) -> tuple[float, float]:
    """The distance to the nearest atom, and what local codes over the nearest of the best groups leave."""
    nearest = [group[((group - z) ** 2).sum(1).argmin()] for group in groups]
    nearest.sort(key=lambda atom: ((atom - z) ** 2).sum())
    offsets = np.stack(nearest[: coding.active_atoms]) - z
    gram = offsets @ offsets.T
    weights = np.linalg.solve(gram + coding.ridge * np.diag(np.diag(gram)), np.ones(len(gram)))
    return np.linalg.norm(offsets, axis=1).min(), float(np.linalg.norm(weights / weights.sum() @ offsets))


def _plain_loss(exercise: Exercise, adapter: LearningAdapter, coding: CodingConfig) -> tuple[float, float]:
    groups, size, _ = exercise.atoms.shape
    atoms = adapter(exercise.atoms.flatten(0, 1).float()).detach().double().view(groups, size, -1).numpy()
    levels, clean_logs, raised = [], [], []
    for number, picture in enumerate(exercise.pictures):
        found = [_norm(z, atoms, coding) for z in adapter(picture.float()).detach().double().numpy()]
        chosen = set(sorted(range(POSITIONS), key=lambda p: -found[p][0])[: SETTINGS.hardest])
        if number >= QUERIES:
            chosen |= set(exercise.picked[number - QUERIES].nonzero()[:, 0].tolist())
            raised += [math.log(found[p][1]) for p in chosen if exercise.inside[number - QUERIES, p]]
        else:
            clean_logs += [math.log(found[p][1]) for p in chosen]
        levels.append(math.log(np.mean(sorted((found[p][1] for p in chosen), reverse=True)[:3])))

    def below(gap: float) -> float:
        return SETTINGS.temperature * math.log1p(math.exp((SETTINGS.margin - gap) / SETTINGS.temperature))

    image = np.mean([below(bad - good) for bad in levels[QUERIES:] for good in levels[:QUERIES]])
    return float(image), float(np.mean([below(log - np.mean(clean_logs)) for log in raised]))


@pytest.mark.parametrize(("shots", "active"), [(1, 6), (3, 6), (3, 2)])
def test_the_loss_is_the_plain_one(shots: int, active: int) -> None:
    coding, adapter = CodingConfig(active_atoms=active), _adapter()
    exercise = _exercise(_episode(), coding, shots=shots)
    loss, facts = adapter_loss(exercise, adapter, settings=SETTINGS, coding=coding)
    image, positions = _plain_loss(exercise, adapter, coding)
    assert facts["loss_image"].item() == pytest.approx(image, rel=1e-3)
    assert facts["loss_positions"].item() == pytest.approx(positions, rel=1e-3)
    assert loss.item() == pytest.approx(image + 0.7 * positions, rel=1e-3)


def test_shots_are_cut_into_groups_as_a_detector_cuts_them() -> None:
    coding = CodingConfig(active_atoms=20)
    for shots, groups in ((1, 19), (3, 18)):
        exercise = _exercise(_episode(), coding, shots=shots)
        assert exercise.atoms.shape == (groups, 128 // (groups // shots), 7)
        support = {tuple(row) for row in _episode().support.flatten(0, 1).tolist()}
        assert (
            len({tuple(row) for row in exercise.atoms.flatten(0, 1).tolist()} & support)
            == exercise.atoms[..., 0].numel()
        )


def test_an_exercise_follows_from_its_generator() -> None:
    coding, episode = CodingConfig(), _episode()
    first, again, other = (_exercise(episode, coding, seed=seed) for seed in (0, 0, 1))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first.atoms, other.atoms)
    assert not torch.equal(first.picked, other.picked)
    assert first.picked.sum(dim=1).tolist() == [SETTINGS.hardest] * QUERIES
    assert not (first.picked & ~first.inside).any()


def test_gradients_are_those_of_finite_differences(monkeypatch: pytest.MonkeyPatch) -> None:
    coding, adapter = CodingConfig(active_atoms=6), _adapter()
    exercise = _exercise(_episode(), coding)
    # What is coded, and by which atoms, is chosen without a gradient, and jumps.
    chosen = adapter_objective._hardest(exercise, adapter, settings=SETTINGS, coding=coding)
    monkeypatch.setattr(adapter_objective, "_hardest", lambda *_, **__: chosen)

    def value() -> Tensor:
        return adapter_loss(exercise, adapter, settings=SETTINGS, coding=coding)[0]

    gradients = torch.autograd.grad(value(), [adapter.log_scale[0], adapter.log_balance])
    for parameter, gradient in zip((adapter.log_scale[0], adapter.log_balance), gradients, strict=True):
        values = []
        for step in (2e-3, -4e-3):
            with torch.no_grad():
                parameter[1] += step
            values.append(value().item())
        with torch.no_grad():
            parameter[1] += 2e-3
        assert gradient[1].item() == pytest.approx((values[0] - values[1]) / 4e-3, rel=0.02, abs=2e-4)


def test_an_episode_without_corrupted_positions_still_has_a_gradient() -> None:
    coding, adapter = CodingConfig(), _adapter()
    clean = _episode()._replace(inside=torch.zeros(QUERIES, POSITIONS, dtype=torch.bool))
    loss, facts = adapter_loss(_exercise(clean, coding), adapter, settings=SETTINGS, coding=coding)
    loss.backward()
    assert facts["loss_positions"] == 0
    assert all(each.grad is not None and each.grad.isfinite().all() for each in adapter.trained())
