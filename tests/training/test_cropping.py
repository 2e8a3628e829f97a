from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenshot.training.cropping import Crops

SIZES = st.tuples(st.integers(20, 400), st.integers(20, 400))
PLACES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=4).map(tuple)


@given(SIZES, st.builds(Crops, st.floats(0.05, 1), PLACES, PLACES, swapped=st.booleans(), upright=st.booleans()))
def test_crops_lie_inside_and_those_of_the_query_touch_none_of_the_support(size: tuple[int, int], crops: Crops) -> None:
    share, support, query = crops.side, crops.support, crops.query
    boxes = crops.boxes(size)
    assert len(boxes) == len(support) + len(query)
    assert {side for _, _, side in boxes} == {round(share * min(size))}
    for top, left, side in boxes:
        assert 0 <= top <= size[0] - side
        assert 0 <= left <= size[1] - side
    if round(share * min(size)) <= max(size) // 2:
        for seen, judged in itertools.product(boxes[: len(support)], boxes[len(support) :]):
            side = seen[2]
            assert abs(seen[0] - judged[0]) >= side or abs(seen[1] - judged[1]) >= side


@pytest.mark.parametrize(
    ("size", "upright", "swapped", "boxes"),
    [
        ((100, 200), False, False, [(0, 0, 40), (60, 160, 40)]),
        ((100, 200), True, True, [(0, 100, 40), (60, 60, 40)]),
        ((200, 100), False, False, [(0, 0, 40), (160, 60, 40)]),
        ((100, 100), True, False, [(0, 0, 40), (60, 60, 40)]),
        ((100, 100), False, True, [(0, 50, 40), (60, 10, 40)]),
    ],
)
def test_halves_are_those_of_the_longer_side(
    size: tuple[int, int], upright: bool, swapped: bool, boxes: list[tuple[int, int, int]]
) -> None:
    assert Crops(0.4, ((0, 0),), ((1, 1),), swapped=swapped, upright=upright).boxes(size) == boxes
