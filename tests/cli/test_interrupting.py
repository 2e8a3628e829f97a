from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tenshot.cli.interrupting import stop_asked

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _usual_handler() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_the_first_ctrl_c_asks_and_the_second_interrupts() -> None:
    with stop_asked() as asked:
        assert not asked.is_set()
        signal.raise_signal(signal.SIGINT)
        assert asked.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_afterwards_ctrl_c_is_what_it_was() -> None:
    with pytest.raises(ZeroDivisionError), stop_asked():
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_signal_that_is_ignored_stays_so() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with stop_asked() as asked:
        signal.raise_signal(signal.SIGINT)
        assert not asked.is_set()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
