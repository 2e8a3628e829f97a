from __future__ import annotations

import itertools

import pytest
import torch

from tenshot.core.errors import InputError
from tenshot.training import episodes, random_batches


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def marked(count: int, start: int = 0) -> torch.Tensor:
    """Frames that carry their own number."""
    return torch.arange(start, start + count).view(-1, 1, 1, 1).expand(-1, 3, 2, 2).float()


def test_every_frame_comes_once_before_any_comes_again() -> None:
    batches = random_batches(marked(7), size=3, generator=generator())
    seen = torch.cat(list(itertools.islice(batches, 7)))[:, 0, 0, 0].tolist()
    rounds = [seen[0:7], seen[7:14], seen[14:21]]
    assert [sorted(each) for each in rounds] == [list(range(7))] * 3
    assert rounds[0] != rounds[1]


def test_a_batch_may_be_larger_than_what_there_is() -> None:
    batch = next(random_batches(marked(2), size=5, generator=generator()))
    assert sorted(batch[:, 0, 0, 0].tolist())[1:4:2] == [0, 1]
    assert batch.shape == (5, 3, 2, 2)


def test_the_generator_decides_the_order() -> None:
    first, same, other = (
        torch.cat(list(itertools.islice(random_batches(marked(9), size=4, generator=generator(seed)), 5)))
        for seed in (0, 0, 1)
    )
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_episodes_stay_within_a_task_and_never_show_a_query_as_support() -> None:
    tasks = [marked(12), marked(12, 100)]
    batches = list(itertools.islice(episodes(tasks, shots=3, queries=4, size=5, generator=generator()), 6))
    homes = set()
    for episode in itertools.chain.from_iterable(batches):
        support, query = (set(part[:, 0, 0, 0].tolist()) for part in (episode.support, episode.query))
        assert (len(support), len(query)) == (3, 4)
        assert not support & query
        homes |= {number // 100 for number in support}
        assert len({number // 100 for number in support | query}) == 1
    assert homes == {0, 1}
    assert [len(batch) for batch in batches] == [5] * 6


@pytest.mark.parametrize(("count", "split"), [(2, (1, 1)), (5, (2, 3)), (8, (4, 4)), (12, (5, 7)), (40, (5, 10))])
def test_a_small_task_gives_what_it_has(count: int, split: tuple[int, int]) -> None:
    ((episode,),) = itertools.islice(episodes([marked(count)], shots=5, queries=10, size=1, generator=generator()), 1)
    assert (len(episode.support), len(episode.query)) == split


def test_episodes_are_the_generators() -> None:
    tasks = [marked(12), marked(12, 100)]
    first, same, other = (
        next(episodes(tasks, shots=3, queries=4, size=2, generator=generator(seed))) for seed in (0, 0, 1)
    )
    assert all(
        torch.equal(a, b) for pair in zip(first, same, strict=True) for a, b in zip(*(e[:2] for e in pair), strict=True)
    )
    assert any(not torch.equal(a.support, b.support) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize(("counts", "got"), [([], "no tasks"), ([4, 1], "4, 1")])
def test_tasks_that_cannot_teach_are_refused_at_once(counts: list[int], got: str) -> None:
    with pytest.raises(InputError, match=f"at least two frames, got {got}"):
        episodes([marked(count) for count in counts], shots=1, queries=1, size=1, generator=generator())
