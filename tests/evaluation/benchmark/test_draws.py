from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tenshot.core.errors import InputError
from tenshot.data.folders import Category, read_category
from tenshot.evaluation.benchmark.conditions import parse_condition
from tenshot.evaluation.benchmark.draws import draw, draw_names, limit_test, read_names

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = parse_condition("plain")


@pytest.fixture
def bottle(small_data: Path) -> Category:
    return read_category(small_data / "mvtec_ad" / "bottle")


def test_draws_are_nested_distinct_and_from_the_whole_list(bottle: Category) -> None:
    few, many = draw_names(bottle, 3, range(40)), draw_names(bottle, 12, range(40))
    assert all(many[seed][:3] == few[seed] for seed in few)
    assert all(len(set(names)) == 12 for names in many.values())
    assert {name for names in few.values() for name in names} == {bottle.label(each) for each in bottle.train_good}
    assert few == draw_names(bottle, 3, range(40))


@pytest.mark.parametrize("most", [0, 13])
def test_more_than_there_are_cannot_be_drawn(bottle: Category, most: int) -> None:
    with pytest.raises(InputError, match=f"bottle has 12 normal images to learn from, got {most}"):
        draw_names(bottle, most, [0])


def test_the_support_is_what_the_names_say(bottle: Category) -> None:
    names = draw_names(bottle, 5, [3])["3"]
    drawn = draw(bottle, names, shots=4, condition=PLAIN, seed=3)
    assert [bottle.label(source) for source in drawn.support] == list(names[:4])
    assert drawn.taken == frozenset()
    assert draw(bottle, (), shots=None, condition=PLAIN, seed=3).support == bottle.train_good


def test_a_name_that_is_not_on_the_list_is_refused(bottle: Category) -> None:
    with pytest.raises(InputError, match=r"seed 0: expected 2 of its normal images; train/good/x\.png is not among"):
        draw(bottle, ["train/good/000.png", "train/good/x.png"], shots=2, condition=PLAIN, seed=0)
    with pytest.raises(InputError, match="expected 3 of its normal images; only 1 are listed"):
        draw(bottle, ["train/good/000.png"], shots=3, condition=PLAIN, seed=0)


def test_contaminating_images_come_from_the_test_list_and_are_not_judged(bottle: Category) -> None:
    names = draw_names(bottle, 10, range(60))
    found = []
    for seed in range(60):
        drawn = draw(bottle, names[str(seed)], shots=10, condition=parse_condition("contaminate:10"), seed=seed)
        foreign = [source for source in drawn.support if source not in bottle.train_good]
        assert foreign == [bottle.test[index].source for index in sorted(drawn.taken)] or len(foreign) > 1
        assert {bottle.test[index].source for index in drawn.taken} == set(foreign)
        assert all(bottle.test[index].is_anomalous for index in drawn.taken)
        found.append(len(foreign))
    assert 0.5 < sum(found) / 60 < 1.5
    assert max(found) > 1


def test_a_set_with_too_few_anomalous_images_cannot_be_contaminated(bottle: Category) -> None:
    one = replace(bottle, test=tuple(item for item in bottle.test if not item.is_anomalous) + bottle.test[-1:])
    names = draw_names(one, 10, [0])["0"]
    with pytest.raises(InputError, match="contamination: bottle has 1 anomalous images, too few to take 10"):
        draw(one, names, shots=10, condition=parse_condition("contaminate:100"), seed=0)


def test_a_limited_test_list_keeps_both_kinds_and_their_order(bottle: Category) -> None:
    assert limit_test(bottle.test, None) == bottle.test
    few = limit_test(bottle.test, 2)
    assert [item.is_anomalous for item in few] == [False, False, True, True]
    assert [bottle.test.index(item) for item in few] == sorted(bottle.test.index(item) for item in few)
    assert limit_test(bottle.test, 5)[:2] != few[:2] or set(few) <= set(limit_test(bottle.test, 5))
    assert limit_test(bottle.test, 100) == bottle.test


def test_names_are_read_back(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    file.write_text(json.dumps({"sets": [{"name": "a", "support": {"0": ["x", "y"]}}], "more": 1}))
    assert read_names(file) == {"a": {"0": ("x", "y")}}


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"sets": [{"name": "a"}]}', '{"sets": [{"name": "a", "support": []}]}']
)
def test_another_file_is_no_list_of_names(tmp_path: Path, content: str) -> None:
    file = tmp_path / "results.json"
    file.write_text(content)
    with pytest.raises(InputError, match=r"results\.json: expected the results\.json of a benchmark"):
        read_names(file)
    with pytest.raises(InputError, match="none"):
        read_names(tmp_path / "none")
