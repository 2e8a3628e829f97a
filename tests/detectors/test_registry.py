from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import tenshot.detectors
from tenshot.core.errors import InputError
from tenshot.detectors import registry
from tenshot.detectors.registry import all_entries, find_entry, home_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenshot.detectors.entries import Entry

FOLDER = Path(tenshot.detectors.__file__).parent
HOMES = sorted(file.parent.name for file in FOLDER.glob("*/__init__.py"))


@pytest.fixture
def afresh() -> Iterator[None]:
    """The list is remembered for the life of the process; a test that changes it starts and ends with nothing."""
    for remembered in (registry.all_entries, registry._found):
        remembered.cache_clear()
    yield
    for remembered in (registry.all_entries, registry._found):
        remembered.cache_clear()


def test_every_folder_is_on_the_list() -> None:
    assert sorted({home_of(name) for name in all_entries()}) == HOMES


@pytest.mark.parametrize("home", HOMES)
def test_a_folder_lists_all_its_entries(home: str) -> None:
    entries = importlib.import_module(f"tenshot.detectors.{home}.entry").ENTRIES
    assert entries, "a folder without a detector is no detector"
    assert all(find_entry(entry.name) is entry and home_of(entry.name) == home for entry in entries)


def test_no_two_detectors_share_a_name() -> None:
    names = [entry.name for _, entry in registry._found()]
    assert sorted(names) == sorted(set(names)), "the later one would hide the earlier one"
    assert len({entry.title for _, entry in registry._found()}) == len(names), "titles tell them apart"


@pytest.mark.parametrize("entry", all_entries().values(), ids=all_entries().keys())
def test_an_entry_is_complete(entry: Entry) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", entry.name), "a word for the command line and for file names"
    assert entry.title == entry.title.strip() != ""
    assert "\n" not in entry.title
    needs = entry.kind == "tasks"
    assert (entry.train is not None, entry.side is not None) == (needs, needs)


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"detector: expected one of adaptive, .*nearest.*, got 'nearst'"):
        find_entry("nearst")


@pytest.mark.usefixtures("afresh")
def test_a_newcomer_is_picked_up_by_being_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "newcomer_for_a_test"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "entry.py").write_text(
        "from tenshot.detectors.entries import Entry\nENTRIES = (Entry('newcomer', 'new', 'shots', None),)\n"
    )
    monkeypatch.setattr(tenshot.detectors, "__path__", [*tenshot.detectors.__path__, str(tmp_path)])
    assert find_entry("newcomer").title == "new"
    assert home_of("newcomer") == "newcomer_for_a_test"
    assert set(all_entries()) > {"adaptive", "newcomer"}
