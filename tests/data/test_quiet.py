from __future__ import annotations

import threading
import warnings

import pytest

from tenshot.data.quiet import QUIET_PILLOW


def warn_as(module: str) -> None:
    warnings.warn_explicit("odd metadata", UserWarning, f"{module}.py", 1, module=module)


def test_only_pillow_is_silenced() -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with QUIET_PILLOW:
            warn_as("PIL.TiffImagePlugin")
            warn_as("PILOT")
            warn_as("numpy")
        warn_as("PIL.Image")
    assert [warning.filename for warning in seen] == ["PILOT.py", "numpy.py", "PIL.Image.py"]


def test_filters_come_back_after_an_error() -> None:
    before = warnings.filters[:]
    with pytest.raises(ZeroDivisionError), QUIET_PILLOW:
        _ = 1 / 0
    assert warnings.filters[:] == before


def test_overlapping_threads_restore_the_filters() -> None:
    """First in, first out: the order in which plain ``catch_warnings`` would leave the filters changed for good."""
    before = warnings.filters[:]
    first_inside, second_inside, first_outside = (threading.Event() for _ in range(3))
    quiet_in_second: list[bool] = []

    def first() -> None:
        with QUIET_PILLOW:
            first_inside.set()
            second_inside.wait(5)
        first_outside.set()

    def second() -> None:
        first_inside.wait(5)
        with QUIET_PILLOW:
            second_inside.set()
            first_outside.wait(5)
            quiet_in_second.append(warnings.filters[:] != before)

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert quiet_in_second == [True]
    assert warnings.filters[:] == before
