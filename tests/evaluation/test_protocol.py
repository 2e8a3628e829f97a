from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tenshot.core.errors import InputError, MissingError
from tenshot.evaluation.protocol import SETS, draw_support, draw_unseen, load_set

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
    category = load_set("bottle", small_data)
    unseen, rest = draw_unseen(category, 4)
    aside = {item.path for item in unseen}
    assert len(unseen) == 8
    assert not any(item.is_anomalous for item in unseen)
    assert len(aside & set(category.train_good)) == 4
    assert aside.isdisjoint(rest)
    assert aside.isdisjoint(draw_support(rest, len(rest), seed=5))
    assert draw_unseen(category, 4) == (unseen, rest)


def test_at_most_half_of_the_training_list_is_set_aside(small_data: Path) -> None:
    category = load_set("bottle", small_data)
    _, rest = draw_unseen(category, 100)
    assert len(rest) == len(category.train_good) / 2


def test_unknown_and_missing_sets_are_told_apart(small_data: Path) -> None:
    with pytest.raises(InputError, match=r"expected one of bottle, .*, got 'screw'"):
        load_set("screw", small_data)
    with pytest.raises(MissingError):
        load_set("pill", small_data)


@pytest.mark.usefixtures("elpv")
def test_solar_cells_are_split_once_and_for_all(tmp_path: Path) -> None:
    cells = load_set("solar_cells", tmp_path)
    judged = [item.path for item in cells.test]
    assert [sum(item.is_anomalous is bad for item in cells.test) for bad in (False, True)] == [200, 200]
    assert len(set(judged)) == 400
    assert set(judged).isdisjoint(cells.train_good)
    assert len(cells.train_good) > 1000
    assert not cells.has_all_masks
    assert load_set("solar_cells", tmp_path) == cells


@pytest.mark.usefixtures("elpv")
def test_real_sets_learn_nothing_that_they_judge(shared_data: Path) -> None:
    for name in SETS:
        category = load_set(name, shared_data)
        assert set(category.train_good).isdisjoint(item.path for item in category.test)
        assert category.has_all_masks is (name not in {"transistor", "solar_cells"})
