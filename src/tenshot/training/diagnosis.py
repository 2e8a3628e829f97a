"""Has training come to nothing? Collapse leaves the loss calm; these figures give it away (METHOD, point 6).

A network whose features no longer depend on what is seen explains everything: the energy vanishes everywhere, its
gradient leads nowhere, and L_rec stays where it is.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Rows = Sequence[Mapping[str, float]]

__all__ = ["diagnose"]

RECENT = 3
"""Rows whose mean counts as now: one alone may show an odd task."""

VANISHED = 0.25
"""Share of the starting energies below which all of them have vanished. Not lower: eight iterations of sparse coding
leave a part even of a feature that is an atom itself."""

ALIKE = 1.05
"""Damaged over normal energy, below which an energy tells nothing; small patches start at 1.1 to 1.3."""

CONSTANT = 1e-3
"""Spatial variance of features, as a share of their power, at which they are the same everywhere; a random network has
0.3 to 1."""

EXPLODED = 100.0
"""Times the starting energies; of directions they cannot even double."""

STUCK_STEPS = 200
STUCK_ROWS = 5
REPAIRED_NOTHING = 0.999
SHRUNK = 0.5
"""Walks that repair nothing for so many steps while damaged energies shrink to half: the first part of a collapse."""

ENERGIES = {"positive": "normal", "corrupted": "damaged", "negative": "sampled"}


def diagnose(rows: Rows) -> str | None:
    """Looks for the signs of collapse.

    Args:
        rows: of the log, from the first step on: ``step``, and where known ``positive``, ``corrupted`` and ``negative``
            energies, spatial ``variance``, and ``remaining``, the share of a corruption that a walk leaves.

    Returns:
        What is wrong in one sentence; ``None`` if nothing is.
    """
    if len(rows) <= RECENT:
        return None
    start, now = rows[0], _means(rows[-RECENT:])
    return _constant(now) or _vanished(start, now) or _exploded(start, now) or _stuck(rows, start, now)


def _constant(now: Mapping[str, float]) -> str | None:
    variance = now.get("variance", math.inf)
    if variance >= CONSTANT:
        return None
    return (
        f"collapse: features are the same everywhere (spatial variance {variance:.2g} of their power, expected at "
        f"least {CONSTANT:g}); lower the learning rate, or keep the norm at the end of the network"
    )


def _vanished(start: Mapping[str, float], now: Mapping[str, float]) -> str | None:
    known = [name for name in ENERGIES if name in now and name in start]
    gone = known and all(now[name] <= VANISHED * start[name] for name in known)
    if not gone or now.get("corrupted", math.inf) > ALIKE * now.get("positive", 0):
        return None
    return (
        f"collapse: energies have vanished and are alike ({_listed(start, now, known)}, expected at least "
        f"{VANISHED:.0%} of the start): everything is explained; take losses.reconstruction=direction with "
        "losses.log=true, or lower the learning rate"
    )


def _exploded(start: Mapping[str, float], now: Mapping[str, float]) -> str | None:
    grown = [name for name in ENERGIES if name in now and now[name] > EXPLODED * start.get(name, math.inf)]
    if not grown:
        return None
    return (
        f"collapse: energies have exploded ({_listed(start, now, grown)}, expected at most {EXPLODED:g} times the "
        "start); take losses.contrast=softplus, raise losses.energy_penalty, or lower the learning rate"
    )


def _stuck(rows: Rows, start: Mapping[str, float], now: Mapping[str, float]) -> str | None:
    since = rows[-1]["step"] - STUCK_STEPS
    lately = [row["remaining"] for row in rows if row["step"] > since and "remaining" in row]
    old_enough = rows[0]["step"] <= since and len(lately) >= STUCK_ROWS
    if not old_enough or min(lately) < REPAIRED_NOTHING:
        return None
    if now.get("corrupted", math.inf) >= SHRUNK * start.get("corrupted", 0):
        return None
    return (
        f"collapse: for {STUCK_STEPS} steps Langevin dynamics has repaired nothing (remaining {min(lately):.3f} at "
        f"best, expected below 1) while energies shrink ({_listed(start, now, ['corrupted'])}); "
        "take losses.reconstruction=direction, or change langevin.step_size"
    )


def _listed(start: Mapping[str, float], now: Mapping[str, float], names: Sequence[str]) -> str:
    return ", ".join(f"{ENERGIES[name]} {start[name]:.2g} to {now[name]:.2g}" for name in names)


def _means(rows: Rows) -> dict[str, float]:
    names = dict.fromkeys(name for row in rows for name in row)
    values = {name: [row[name] for row in rows if name in row] for name in names}
    return {name: sum(each) / len(each) for name, each in values.items()}
