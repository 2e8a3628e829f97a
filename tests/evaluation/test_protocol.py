from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tenshot.core.errors import InputError
from tenshot.data.catalogue import find_sets
from tenshot.data.folders import read_category
from tenshot.evaluation.protocol import SETS, draw_support, draw_unseen

if TYPE_CHECKING:
    from pathlib import Path


def test_support_is_the_same_every_time_and_for_everybody() -> None:
    train = [f"{index}.png" for index in range(50)]
    # Fixed for good: published tables name these photos.
    assert draw_support(train, 4, seed=0) == ("18.png", "23.png", "36.png", "4.png")
    assert draw_support(train, 4, seed=0) == draw_support(list(train), 4, seed=0)
    assert draw_support(train, 4, seed=1) != draw_support(train, 4, seed=0)


def test_support_is_drawn_over_the_whole_list_and_nested() -> None:
    train = list(range(400))
    draws = [draw_support(train, 10, seed=seed) for seed in range(20)]
    assert all(len(set(draw)) == 10 for draw in draws)
    drawn = [index for draw in draws for index in draw]
    assert min(drawn) < 40
    assert max(drawn) >= 360
    assert draw_support(train, 4, seed=3) == draws[3][:4]


@pytest.mark.parametrize("shots", [0, 4])
def test_more_shots_than_photos_are_refused(shots: int) -> None:
    with pytest.raises(InputError, match="expected 1 to 3 photos, got"):
        draw_support(["a", "b", "c"], shots, seed=0)


def test_unseen_photos_are_never_drawn_as_support(small_data: Path) -> None:
    category = read_category(small_data / "mvtec_ad" / "bottle")
    unseen, rest = draw_unseen(category, 4)
    aside = {item.source for item in unseen}
    assert len(unseen) == 8
    assert not any(item.is_anomalous for item in unseen)
    assert len(aside & set(category.train_good)) == 4
    assert aside.isdisjoint(rest)
    assert aside.isdisjoint(draw_support(rest, len(rest), seed=5))
    assert draw_unseen(category, 4) == (unseen, rest)


def test_at_most_half_of_the_training_list_is_set_aside(small_data: Path) -> None:
    category = read_category(small_data / "mvtec_ad" / "bottle")
    _, rest = draw_unseen(category, 100)
    assert len(rest) == len(category.train_good) / 2


@pytest.mark.usefixtures("elpv")
def test_real_sets_learn_nothing_that_they_judge(shared_data: Path) -> None:
    for name in SETS:
        [category] = find_sets(name, data=shared_data)
        assert set(category.train_good).isdisjoint(item.source for item in category.test)
        assert category.has_all_masks is (name not in {"mvtec_ad/transistor", "solar_cells"})
