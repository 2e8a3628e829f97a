from __future__ import annotations

import pytest
import torch

from tenshot.core.errors import InputError
from tenshot.detectors.adaptive_energy.selection import Choice, choose


def clusters(*sizes: int) -> tuple[torch.Tensor, list[str]]:
    """Photos of several kinds, ``(N, S, D)``, each kind around its own place."""
    random = torch.Generator().manual_seed(0)
    samples = [
        10 * torch.nn.functional.one_hot(torch.tensor(kind), 40) + 0.1 * torch.randn(8, 40, generator=random)
        for kind, size in enumerate(sizes)
        for _ in range(size)
    ]
    return torch.stack(samples), [f"photo {index}" for index in range(len(samples))]


def test_one_of_each_kind_is_chosen() -> None:
    samples, names = clusters(5, 3, 4)
    choices = choose(samples, names, 3)
    assert [choice.index < 5 for choice in choices] == [True, False, False]
    assert 5 <= choices[1].index < 8 <= choices[2].index
    assert [choice.stands_for for choice in choices] == [5, 3, 4]
    assert [choice.name for choice in choices] == [names[choice.index] for choice in choices]


def test_the_first_choice_is_no_outlier() -> None:
    samples, names = clusters(9, 1)
    (only,) = choose(samples, names, 1)
    assert only.index < 9
    assert only.stands_for == 10


@pytest.mark.parametrize("count", [1, 3, 7])
def test_everybody_is_stood_for_once(count: int) -> None:
    samples, names = clusters(3, 2, 2)
    choices = choose(samples, names, count)
    assert len({choice.index for choice in choices}) == count
    assert [choice.index for choice in choices] == sorted(choice.index for choice in choices)
    assert sum(choice.stands_for for choice in choices) == 7


def test_identical_photos_can_all_be_chosen() -> None:
    choices = choose(torch.ones(4, 8, 40), list("abcd"), 4)
    assert [choice.name for choice in choices] == list("abcd")


@pytest.mark.parametrize("count", [0, -1, 8])
def test_only_as_many_as_there_are_can_be_chosen(count: int) -> None:
    samples, names = clusters(7)
    with pytest.raises(InputError, match=rf"select: expected 1 to 7 \(the usable photos there are\), got {count}"):
        choose(samples, names, count)


@pytest.mark.parametrize(
    ("stands_for", "reason"),
    [(1, "unlike all other photos"), (2, "stands for 1 other photo"), (5, "stands for 4 other photos")],
)
def test_a_choice_says_why(stands_for: int, reason: str) -> None:
    assert Choice(0, "x", stands_for).reason == reason
