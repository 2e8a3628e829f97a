"""Ctrl-C between two photos, or two steps of a training, instead of in the middle of one."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["stop_asked"]


@contextmanager
def stop_asked(*others: signal.Signals) -> Iterator[threading.Event]:
    """Gives an event that the first Ctrl-C sets; a second one interrupts at once, as usual.

    A photo is thereby either in all tables and the report, or in none.

    Args:
        others: signals that are to do the same.
    """
    asked = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            signal.default_int_handler(number, frame)
        asked.set()

    # Whoever started us with another handler, or with the signal ignored as shells do for background jobs, meant it.
    usual = {signal.SIGINT: signal.default_int_handler, **dict.fromkeys(others, signal.SIG_DFL)}
    ours = {number: handler for number, handler in usual.items() if signal.getsignal(number) is handler}
    for number in ours:
        signal.signal(number, ask)
    try:
        yield asked
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)
