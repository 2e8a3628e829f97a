from __future__ import annotations

import pytest

from tenshot.cli.lists import _unrolled

LISTS = {"--shots", "--detector"}


@pytest.mark.parametrize(
    ("typed", "parsed"),
    [
        ("sets --shots 1 2 4", "sets --shots 1 --shots 2 --shots 4"),
        ("sets --shots 1 --shots 2", "sets --shots 1 --shots 2"),
        ("a b --detector x y --seeds 3 --shots 1 2", "a b --detector x --detector y --seeds 3 --shots 1 --shots 2"),
        ("a --shots=1 2", "a --shots=1 2"),
        ("a --resume b", "a --resume b"),
        ("--shots 1 -o out", "--shots 1 -o out"),
        ("a -", "a -"),
        ("", ""),
    ],
)
def test_lists_become_repeated_options(typed: str, parsed: str) -> None:
    assert _unrolled(typed.split(), LISTS) == parsed.split()
