from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tenshot.data.splitting import draw, halve


def test_draws_are_fixed_for_good() -> None:
    names = [f"{index}.png" for index in range(50)]
    # Published splits and figures name these.
    assert draw(names, 4, 0) == ("18.png", "23.png", "36.png", "4.png")
    assert draw(names, 2, 0) == ("18.png", "23.png")
    assert draw(names, 4, 1) != draw(names, 4, 0)
    assert sorted(draw(names, 99, 3)) == sorted(names)


@given(st.lists(st.integers()), st.integers(0, 5))
def test_halves_are_the_whole(items: list[int], seed: int) -> None:
    first, second = halve(items, seed)
    assert len(second) - len(first) in {0, 1}
    assert sorted(first + second) == sorted(items)


def test_halves_keep_the_order_and_are_drawn_over_the_whole_list() -> None:
    first, second = halve(range(100))
    assert list(first) == sorted(first)
    assert list(second) == sorted(second)
    assert 10 < sum(item < 50 for item in first) < 40
