from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenshot.reports.names import UniqueNames


def test_images_of_one_stem_are_told_apart_by_their_folder() -> None:
    names = UniqueNames()
    sources = ["bent/000.png", "crack/000.png", "other/crack/000.jpg", "again/crack/000.png", "bent/001.png"]
    assert [names.claim(source, ending=".jpg") for source in sources] == [
        "000.jpg",
        "crack-000.jpg",
        "crack-000-2.jpg",
        "crack-000-3.jpg",
        "001.jpg",
    ]


def test_a_number_that_is_a_name_already_is_skipped() -> None:
    names = UniqueNames(["0.jpg", "a-0.jpg", "a-0-2.jpg"])
    assert names.claim("a/0.png", ending=".jpg") == "a-0-3.jpg"


def test_names_that_differ_in_capitals_are_one_file_on_some_disks() -> None:
    names = UniqueNames(["Taken.jpg"])
    assert names.claim("a.png", ending=".jpg") == "a.jpg"
    assert names.claim("A.png", ending=".jpg").casefold() != "a.jpg"
    assert names.claim("taken.png", ending=".jpg") != "taken.jpg"


@pytest.mark.parametrize("source", ["CON.png", "nul", "com1.tif", "..", "", "/", ".hidden", "-rf", "../../etc/passwd"])
def test_no_name_is_special_to_a_system(source: str) -> None:
    name = UniqueNames().claim(source, ending=".jpg")
    assert re.fullmatch(r"[\w][\w.-]*\.jpg", name)
    assert name.split(".")[0].casefold() not in {"con", "nul", "com1"}


@given(st.lists(st.text() | st.just("x/../a.png") | st.sampled_from(["é" * 300, "\udcff.png", "a\0b", "a/b\nc"])))
def test_every_name_is_safe_and_unique(sources: list[str]) -> None:
    names = UniqueNames()
    given_names = [names.claim(source, ending=".jpg") for source in sources]
    assert len({name.casefold() for name in given_names}) == len(sources)
    for name in given_names:
        assert re.fullmatch(r"[\w.-]+", name)
        assert not name.startswith((".", "-"))
        assert len(name.encode()) <= 255
