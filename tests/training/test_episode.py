from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch

from tenshot.training.episode import EpisodePlan, EpisodeSampler, turned
from tenshot.training.settings import EpisodeSettings
from tenshot.training.task_source import TaskSource
from tenshot.training.tasks import gather_tasks


def sampler_of(
    folder: Path, *, seed: int = 0, purpose: str = "episode", kind: Any = "images", **how: Any
) -> EpisodeSampler:
    settings = EpisodeSettings(**{"shots": 2, "queries": 3, "image_size": 32, **how})
    source = TaskSource(folder=folder, kind=kind)
    tasks = gather_tasks([source], image_size=settings.image_size, needed=5, base=Path())
    return EpisodeSampler(tasks, settings, seed, purpose)


def plans(sampler: EpisodeSampler, count: int) -> list[EpisodePlan]:
    return [sampler.plan(step, index) for step, index in itertools.product(range(count // 4), range(4))]


def test_an_episode_is_a_function_of_seed_step_index_and_purpose(textures: Path) -> None:
    sampler, again = sampler_of(textures), sampler_of(textures)
    late = again.episode(7, 2)  # as a run that was resumed at step 7, in another process
    for step in range(8):
        episode = sampler.episode(step, 2)
    assert torch.equal(episode.support, late.support)
    assert torch.equal(episode.query, late.query)
    others = [sampler_of(textures, seed=1), sampler_of(textures, purpose="validation")]
    places = [sampler.plan(7, 2), sampler.plan(7, 1), sampler.plan(6, 2), *(other.plan(7, 2) for other in others)]
    assert len(set(places)) == 5


def test_support_and_query_are_different_frames_of_one_task(textures: Path) -> None:
    for plan in plans(sampler_of(textures), 400):
        assert (len(plan.support), len(plan.query)) == (2, 3)
        assert len({*plan.support, *plan.query}) == 5


def test_tasks_frames_and_views_come_equally_often(textures: Path) -> None:
    drawn = plans(sampler_of(textures, augmentation="all"), 4800)
    for counts, kinds in (
        (Counter(plan.task for plan in drawn), 6),
        (Counter((plan.quarters, plan.mirrored) for plan in drawn), 8),
        (Counter(place for plan in drawn for place in plan.support), 6),
        (Counter(place for plan in drawn for place in plan.query), 6),
    ):
        expected = sum(counts.values()) / kinds
        assert len(counts) == kinds
        # Chi-squared of 5 or 7 degrees of freedom exceeds 26 once in ten thousand draws.
        assert sum((count - expected) ** 2 / expected for count in counts.values()) < 26


@pytest.mark.parametrize(
    ("augmentation", "views"),
    [("none", {(0, False)}), ("flips", {(0, False), (0, True)}), ("rotations", {(turns, False) for turns in range(4)})],
)
def test_no_other_views_are_drawn(textures: Path, augmentation: str, views: set[tuple[int, bool]]) -> None:
    assert {
        (plan.quarters, plan.mirrored) for plan in plans(sampler_of(textures, augmentation=augmentation), 100)
    } == views


def test_the_whole_episode_is_seen_the_same_way(textures: Path) -> None:
    sampler = sampler_of(textures, augmentation="all")
    for step in range(6):
        plan, episode = sampler.plan(step, 0), sampler.episode(step, 0)
        plain = sampler.tasks.frames(plan.task, (*plan.support, *plan.query))
        seen = torch.rot90(plain.flip(-1) if plan.mirrored else plain, plan.quarters, dims=(-2, -1))
        assert torch.equal(torch.cat([episode.support, episode.query]), seen)
        assert episode.support.is_contiguous()


def test_turning_is_anticlockwise_and_after_the_mirror() -> None:
    corner = torch.zeros(1, 3, 4, 4)
    corner[..., 0, 0] = 1  # upper left
    assert turned(corner, 1, mirrored=False)[0, 0].nonzero().tolist() == [[3, 0]]
    assert turned(corner, 1, mirrored=True)[0, 0].nonzero().tolist() == [[0, 0]]


def test_crops_of_a_texture_are_drawn_anew_and_never_shared(textures: Path) -> None:
    sampler = sampler_of(textures / "t0", kind="crops", augmentation="none")
    seen = set()
    for plan in plans(sampler, 40):
        assert plan.crops is not None
        boxes = plan.crops.boxes((80, 80))
        assert 0.3 <= plan.crops.side <= 0.5
        assert not {*boxes[:2]} & {*boxes[2:]}
        seen.add(plan.crops)
    assert len(seen) == 40
    episode = sampler.episode(0, 0)
    assert (episode.support.shape, episode.query.shape) == ((2, 3, 32, 32), (3, 3, 32, 32))
    assert torch.equal(episode.query, sampler.episode(0, 0).query)
    assert not torch.equal(episode.support[0], episode.support[1])


def products_sampler() -> EpisodeSampler:
    settings = EpisodeSettings(shots=2, queries=3, image_size=32, augmentation="all")
    tasks = gather_tasks([TaskSource(kind="products", limit=5)], image_size=32, needed=5, base=Path())
    return EpisodeSampler(tasks, settings, 0)


def test_twins_of_queries_are_flawed_photos_of_the_very_same_instances_seen_the_same_way() -> None:
    sampler, shown = products_sampler(), 0
    for step in range(8):
        episode = sampler.episode(step, 1)
        assert episode.twin is not None
        for number, query in enumerate(episode.query):
            twin = episode.twin(number)
            assert torch.equal(twin, products_sampler().episode(step, 1).twin(number))
            changed = (twin != query).any(dim=0)
            shown += bool(changed.any())
            assert changed.float().mean() < 0.6
    assert shown > 14


def test_foreign_pictures_are_of_other_tasks(textures: Path) -> None:
    sampler = sampler_of(textures, augmentation="none")
    for step in range(10):
        plan, episode = sampler.plan(step, 0), sampler.episode(step, 0)
        assert episode.foreign is not None
        foreign = episode.foreign()
        assert foreign.shape == (2, 3, 32, 32)
        assert torch.equal(foreign, episode.foreign())
        own = sampler.tasks.frames(plan.task, range(6))
        assert not any(torch.equal(each, frame) for each in foreign for frame in own)
    assert sampler.episode(0, 0).twin is None
    assert sampler_of(textures / "t0", kind="crops").episode(0, 0).twin is None
