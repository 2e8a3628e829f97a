"""What a number of normal images can promise, in words."""

from __future__ import annotations

__all__ = ["promises"]

FEW = 4


def promises(shots: int, false_alarm_rate: float) -> tuple[str, ...]:
    """Honest remarks to show beside a threshold.

    Args:
        shots: how many normal images the threshold was calibrated from.
        false_alarm_rate: the wanted one.

    Returns:
        Sentences; the first says how the threshold came about.
    """
    remarks = [
        f"The threshold is estimated from how {shots} normal image{'s' * (shots != 1)} score when held out one by one; "
        f"about {false_alarm_rate:.1%} of good images are expected above it."
        if shots > 1
        else "One normal image cannot be held out: the threshold rests on how that image scores against itself, "
        "shifted, and on how much good parts of other products usually vary."
    ]
    if shots < FEW:
        remarks.append(
            "With fewer than four normal images the spread of good parts is mostly assumed, not measured: expect the "
            "false-alarm rate to be off by several times, and add images as soon as you have them."
        )
    elif false_alarm_rate * (shots + 1) < 1:
        remarks.append(
            f"{shots} images alone can only vouch for a rate of about {1 / (shots + 1):.0%}; below that the threshold "
            "extrapolates, assuming that logarithms of scores are normally distributed."
        )
    return tuple(remarks)
