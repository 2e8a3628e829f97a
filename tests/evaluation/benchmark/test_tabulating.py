from __future__ import annotations

import pytest

from tenshot.evaluation.benchmark.tabulating import listed, printable, shots_title


@pytest.mark.parametrize("text", ["瓶子 é", "a|b <b> $x$", ""])
def test_what_can_be_printed_stays(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize("letter", ["\n", "\r", "\t", "\x00", "\x1b", "\u2028", "\u202e", "\ud800"])
def test_what_would_break_a_line_a_terminal_or_a_file_is_replaced(letter: str) -> None:
    assert printable(f"a{letter}b") == "a�b"


def test_columns_are_called_by_their_number_of_images() -> None:
    assert [shots_title(shots) for shots in (1, 10, None)] == ["1 shot", "10 shots", "all images"]


def test_a_list_without_names_says_so() -> None:
    assert (listed(["a", "b"]), listed([])) == ("a, b", "none")
