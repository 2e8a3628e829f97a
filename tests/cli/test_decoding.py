from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import NoReturn

import pytest

from tenshot.cli.decoding import Unreadable, decode_ahead
from tenshot.core.errors import ImageError

PATHS = [Path(f"{number}.png") for number in range(12)]


def test_order_is_kept_however_long_each_takes() -> None:
    def read(path: Path) -> Path:
        time.sleep(0.02 if int(path.stem) % 3 == 0 else 0)
        return path

    assert list(decode_ahead(PATHS, read)) == PATHS


def test_an_unreadable_photo_takes_its_place_and_the_rest_goes_on() -> None:
    def read(path: Path) -> Path:
        if path == PATHS[1]:
            message = "1.png is truncated"
            raise ImageError(message)
        return path

    assert list(decode_ahead(PATHS[:3], read)) == [PATHS[0], Unreadable(PATHS[1], "1.png is truncated"), PATHS[2]]


def test_other_exceptions_are_not_swallowed() -> None:
    def read(path: Path) -> NoReturn:
        raise ZeroDivisionError(path)

    with pytest.raises(ZeroDivisionError):
        list(decode_ahead(PATHS, read))


@pytest.mark.parametrize("ahead", [1, 4])
def test_only_so_many_photos_are_held(ahead: int) -> None:
    read = []
    decoded = decode_ahead(PATHS, lambda path: read.append(path) or path, ahead=ahead)
    for taken, _ in enumerate(decoded, start=1):
        time.sleep(0.005)
        assert len(read) <= taken + ahead


def test_the_next_photo_is_read_while_this_one_is_looked_at() -> None:
    second = threading.Event()

    def read(path: Path) -> Path:
        if path == PATHS[1]:
            second.set()
        return path

    decoded = decode_ahead(PATHS, read)
    next(decoded)
    assert second.wait(5)
    decoded.close()


def test_stopping_early_leaves_no_thread_and_starts_nothing_new() -> None:
    read = []
    decoded = decode_ahead(PATHS, lambda path: read.append(path) or path, workers=1, ahead=2)
    next(decoded)
    decoded.close()
    assert len(read) <= 3
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("tenshot-decode")]


def test_nothing_to_read() -> None:
    assert list(decode_ahead([], lambda path: path)) == []
