from __future__ import annotations

import pytest

from tenshot.calibration import promises


def test_ten_images_say_how_the_threshold_came_about_and_no_more() -> None:
    (only,) = promises(10, 0.1)
    assert "how 10 normal images score when held out one by one" in only
    assert "about 10.0% of good images" in only


def test_a_rate_beyond_the_images_is_called_an_extrapolation() -> None:
    first, second = promises(10, 0.05)
    assert "5.0%" in first
    assert "10 images alone can only vouch for a rate of about 9%" in second
    assert len(promises(30, 0.05)) == 1


@pytest.mark.parametrize("shots", [1, 2, 3])
def test_very_few_images_come_with_a_warning(shots: int) -> None:
    first, second = promises(shots, 0.05)
    assert "fewer than four normal images" in second
    assert ("cannot be held out" in first) == (shots == 1)
    assert "1 normal images" not in first
