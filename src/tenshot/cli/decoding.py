"""Decoding ahead: the next photos are read while the network is busy with these."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from tenshot.core.errors import TenshotError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

    from tenshot.core.types import Image

__all__ = ["Unreadable", "decode_ahead"]

WORKERS = 2
AHEAD = 4


@dataclass(frozen=True)
class Unreadable:
    """A photo that could not be read, and why."""

    path: Path
    message: str


def decode_ahead(
    paths: Sequence[Path], read: Callable[[Path], Image], *, workers: int = WORKERS, ahead: int = AHEAD
) -> Generator[Image | Unreadable]:
    """Reads photos in threads and yields them in the order of ``paths``.

    At most ``ahead`` decoded photos wait at any time, so memory does not grow with their number. Closing the iterator
    (or Ctrl-C) drops what has not been started.

    Args:
        paths: what to read.
        read: decodes one photo; a :class:`TenshotError` from it becomes an :class:`Unreadable`.
        workers: how many threads decode.
        ahead: how many photos are read before the first of them is asked for.
    """
    remaining = iter(paths)
    pool = ThreadPoolExecutor(workers, thread_name_prefix="tenshot-decode")
    waiting: deque[Future[Image | Unreadable]] = deque()
    try:
        waiting.extend(pool.submit(_attempt, read, path) for path in islice(remaining, ahead))
        while waiting:
            decoded = waiting.popleft().result()
            waiting.extend(pool.submit(_attempt, read, path) for path in islice(remaining, 1))
            yield decoded
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _attempt(read: Callable[[Path], Image], path: Path) -> Image | Unreadable:
    try:
        return read(path)
    except TenshotError as error:
        return Unreadable(path, str(error))
