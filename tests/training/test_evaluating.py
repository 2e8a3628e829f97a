from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch

from tenshot.energy import gradient_map
from tenshot.training.evaluating import case_at, evaluate, heat_maps, walk_at
from tenshot.training.objective import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenshot.training.episodic import EpisodicLesson

    Maker = Callable[..., EpisodicLesson]

NAMES = {"positive", "corrupted", "negative", "ranked", "variance", "remaining", "cosine"}
MAPS = {"auroc_gradient", "auroc_residual"}


def judged(lesson: EpisodicLesson) -> dict[str, float]:
    assert lesson.watched is not None
    return evaluate(lesson.embedding, lesson.watched, lesson.config)


def test_a_look_is_always_the_same_and_leaves_the_network_alone(lesson_of: Maker) -> None:
    lesson = lesson_of()
    before = {name: tensor.clone() for name, tensor in lesson.state_dict().items()}
    figures = judged(lesson)
    assert figures == judged(lesson)
    assert figures == judged(lesson_of())
    assert set(figures) == NAMES | MAPS
    assert all(torch.equal(before[name], tensor) for name, tensor in lesson.state_dict().items())
    assert all(parameter.grad is None for parameter in lesson.parameters())
    for name in ("ranked", *MAPS):
        assert 0 <= figures[name] <= 1


def test_the_untrained_network_finds_patches_better_than_chance(lesson_of: Maker) -> None:
    figures = judged(lesson_of(network={"layers": (1, 2)}, validating={"episodes": 3, "steps": 1}))
    assert figures["auroc_gradient"] > 0.7
    assert figures["auroc_residual"] > 0.7
    assert figures["corrupted"] > figures["positive"]
    assert figures["ranked"] > 0.7


def test_the_maps_are_the_detectors(lesson_of: Maker) -> None:
    lesson = lesson_of()
    assert lesson.watched is not None
    case = case_at(lesson.watched, lesson.config, 0)
    walk = walk_at(lesson.embedding, case, lesson.config)
    by_gradient, by_residual = heat_maps(walk, grid=(4, 4), smoothing=0.0)
    torch.testing.assert_close(by_gradient, gradient_map(walk.task, case.corrupted))
    assert by_gradient.shape == by_residual.shape == (2, 64, 64)
    assert not by_gradient.requires_grad
    peaks = by_residual.flatten(1).amax(dim=1)
    torch.testing.assert_close(peaks, walk.corrupted_residual.detach().norm(dim=2).amax(dim=1), rtol=0.3, atol=0)


@pytest.mark.parametrize("start", ["inpainting", "noise"])
def test_whatever_training_starts_from_patches_are_judged(lesson_of: Maker, start: str) -> None:
    patches: dict[str, Any] = {"area": (0.02, 0.05), "aspect": (0.5, 2.0)}
    lesson = lesson_of(negatives={"start": start, "patches": patches})
    assert lesson.watched is not None
    assert visible(case_at(lesson.watched, lesson.config, 0)).float().mean() < 0.3


def test_damage_that_cannot_be_seen_is_not_looked_for(lesson_of: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    lesson = lesson_of()
    monkeypatch.setattr("tenshot.training.evaluating.visible", lambda case: torch.zeros_like(case.query[:, 0]) > 0)
    assert set(judged(lesson)) == NAMES
