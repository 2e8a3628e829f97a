"""Keeping Pillow's warnings from the caller, safely from several threads."""

from __future__ import annotations

import threading
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["QUIET_PILLOW"]


class _QuietPillow:
    """Context in which Pillow warns of nothing (odd metadata, large images); what matters it raises.

    The warning filters belong to the process, and overlapping ``catch_warnings`` in two threads would restore them in
    the wrong order, for good. So the first thread to enter saves them and the last to leave puts them back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._saved = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._saved = warnings.catch_warnings()
                self._saved.__enter__()
                warnings.filterwarnings("ignore", module=r"PIL\b")
            self._inside += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._saved.__exit__(kind, error, trace)


QUIET_PILLOW = _QuietPillow()
