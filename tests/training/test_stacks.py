from __future__ import annotations

from collections import Counter

import pytest
import torch

from tenshot.core.errors import InputError
from tenshot.training.episode import EpisodeSampler, turned
from tenshot.training.settings import EpisodeSettings
from tenshot.training.stacks import Stacks


def numbered(task: int, count: int) -> torch.Tensor:
    """Frames whose only value says which they are."""
    return (task + torch.arange(count) / 100).view(-1, 1, 1, 1).expand(count, 3, 8, 8)


STACKS = [numbered(task, count) for task, count in enumerate((12, 5, 7))]


def test_tasks_are_drawn_with_equal_chances() -> None:
    stacks = Stacks(STACKS)
    assert Counter(stacks.pick(value / 300) for value in range(300)) == {0: 100, 1: 100, 2: 100}
    assert stacks.pick(1 - 2**-53) == 2
    assert [stacks.count(task) for task in range(3)] == [12, 5, 7]


def test_episodes_show_different_frames_of_one_task() -> None:
    sampler = EpisodeSampler(Stacks(STACKS), EpisodeSettings(shots=2, queries=3, augmentation="none"), 0)
    tasks = set()
    for step in range(40):
        support, query = (frames[:, 0, 0, 0].tolist() for frames in sampler.episode(step, 0)[:2])
        assert (len(support), len(query)) == (2, 3)
        assert len({*support, *query}) == 5
        (task,) = {int(value) for value in (*support, *query)}
        tasks.add(task)
    assert tasks == {0, 1, 2}


def test_they_are_those_that_the_plan_says_seen_as_it_says() -> None:
    random = torch.Generator().manual_seed(0)
    stack = torch.rand(6, 3, 8, 8, generator=random)
    sampler = EpisodeSampler(Stacks([stack]), EpisodeSettings(shots=2, queries=2), 3)
    plan, episode = sampler.plan(5, 1), sampler.episode(5, 1)
    for shown, places in zip(episode[:2], (plan.support, plan.query), strict=True):
        assert torch.equal(shown, turned(stack[list(places)], plan.quarters, mirrored=plan.mirrored))


def test_damage_may_borrow_pictures_of_other_tasks() -> None:
    sampler = EpisodeSampler(Stacks(STACKS), EpisodeSettings(shots=2, queries=2), 0)
    seen = set()
    for step in range(60):
        episode = sampler.episode(step, 0)
        assert episode.twin is None
        assert episode.foreign is not None
        own, others = int(episode.query[0, 0, 0, 0]), episode.foreign()
        assert others.shape[1:] == (3, 8, 8)
        assert own not in others[:, 0, 0, 0].int().tolist()
        seen |= set(others[:, 0, 0, 0].tolist())
    assert len(seen) > 15, "any frame"
    alone = EpisodeSampler(Stacks(STACKS[:1]), EpisodeSettings(shots=2, queries=2), 0)
    assert alone.episode(0, 0).foreign is None


@pytest.mark.parametrize(("count", "split"), [(2, (1, 1)), (3, (1, 2)), (8, (4, 4)), (9, (4, 5)), (10, (5, 5))])
def test_of_a_small_task_all_frames_are_shown(count: int, split: tuple[int, int]) -> None:
    sampler = EpisodeSampler(Stacks([numbered(0, count)]), EpisodeSettings(shots=5, queries=5), 0)
    support, query, *_ = sampler.episode(0, 0)
    assert (len(support), len(query)) == split
    assert len({*support[:, 0, 0, 0].tolist(), *query[:, 0, 0, 0].tolist()}) == count


@pytest.mark.parametrize(("stacks", "got"), [([], "no tasks"), ([numbered(0, 4), numbered(1, 1)], "4, 1")])
def test_what_makes_no_episode_is_refused(stacks: list[torch.Tensor], got: str) -> None:
    with pytest.raises(InputError, match=f"tasks: expected at least one, each with at least two frames, got {got}"):
        Stacks(stacks)
