"""How Lightning is to behave inside a library: quiet, one run at a time, signals left to whoever has them."""

from __future__ import annotations

import logging
import threading
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tenshot.core.errors import MissingError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["interrupts", "lightning_needed", "one_at_a_time", "silence"]

# Warnings and signals, which a run switches for its time, belong to the whole process.
ONE_AT_A_TIME = threading.RLock()
CHATTER = (
    "lightning.pytorch.utilities.rank_zero",
    "lightning.fabric.utilities.rank_zero",
    "lightning.fabric.utilities.distributed",
)


@contextmanager
def lightning_needed() -> Iterator[None]:
    """Around an import of Lightning: says how to get it if it is not there.

    Raises:
        MissingError: without Lightning.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "lightning":
            raise
        msg = "training needs lightning; get it by pip install 'tenshot[train]'"
        raise MissingError(msg) from error


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Threads that train wait for one another."""
    with ONE_AT_A_TIME:
        yield


@contextmanager
def silence() -> Iterator[None]:
    """Drops Lightning's remarks below warnings, of this thread alone."""
    mine = threading.get_ident()

    def worth_saying(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING or record.thread != mine

    loggers = [logging.getLogger(name) for name in CHATTER]
    for logger in loggers:
        logger.addFilter(worth_saying)
    try:
        with warnings.catch_warnings():
            # Lightning 2.6 asks torch's trees a question that newer versions of torch want put differently.
            warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
            # Frozen parts of an objective never leave evaluation mode.
            warnings.filterwarnings("ignore", message=".*in eval mode at the start of training.*")
            yield
    finally:
        for logger in loggers:
            logger.removeFilter(worth_saying)


@contextmanager
def interrupts() -> Iterator[None]:
    """An interrupt stays one: Lightning makes it the end of the process."""
    try:
        yield
    except SystemExit as stop:
        if isinstance(stop.__context__, KeyboardInterrupt):
            raise stop.__context__ from None
        raise
