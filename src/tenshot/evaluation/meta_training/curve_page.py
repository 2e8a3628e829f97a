"""Learning curves as a page: the picture, and where each variant begins and ends."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from tenshot.evaluation.ledger import made_by
from tenshot.evaluation.meta_training.variants import BASE, VARIANTS, cells_of
from tenshot.evaluation.tables import MISSING, markdown_table, mean_spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenshot.evaluation.ledger import Cell, Ledger
    from tenshot.evaluation.meta_training.variants import Variant

__all__ = ["curve_page", "curve_table", "stops"]

ENDS = 5
"""Rows whose mean is the start or the end of a loss."""

LOOKED_AT = {
    "remaining": "valid_remaining",
    "AUROC, gradient map": "valid_auroc_gradient",
    "AUROC, residual map": "valid_auroc_residual",
    "corrupted ÷ clean": "energies",
}
HEAD = ["variant", "loss", *LOOKED_AT, "CPU s a step", "÷ base", "stopped"]

LEGEND = (
    "Start → end, mean ± standard deviation over seeds; a seed decides episodes, corruption and the network's start, "
    "and is the same for all variants. *Loss*: each variant's own, over the first and the last {ends} rows; losses of "
    "different terms do not compare. The others are of tasks that were not learned from, before the first step and "
    "before the last, always with patches over the queries: *remaining*, MSE to the query after J = {steps} Langevin "
    "steps of {size:g} over that before (1 = nothing repaired, 0 = all); AUROC of the pixels that the patches changed; "
    "mean energy of corrupted over that of clean queries. *CPU s a step*: the median, a thread a training. *Stopped*: "
    "trainings that the search for a collapse ended."
)


def curve_page(ledger: Ledger, *, picture: str) -> str:
    """The page.

    Args:
        ledger: of finished trainings.
        picture: its file's name, beside the page.
    """
    base = ledger.header["settings"]["base"]
    size, steps = base["langevin"]["step_size"], base["validating"]["steps"]
    seeds = sorted({cell["seed"] for cell in ledger.cells})
    parts = [
        "# Learning curves",
        _what(base),
        f"![Smoothed curves of the variants, mean over seeds and their range]({picture})",
        LEGEND.format(ends=ENDS, size=size, steps=steps),
        curve_table(ledger.cells),
        *(["Stopped by the diagnosis:", "\n".join(found)] if (found := stops(ledger.cells)) else []),
        "Changes to the base, as `tenshot train --set` takes them:",
        "\n".join(f"- {each.title}: `{' '.join(each.changes)}`" for each in VARIANTS if each.changes),
        made_by(ledger, seeds=seeds),
    ]
    return "\n\n".join(parts) + "\n"


def curve_table(cells: Sequence[Cell]) -> str:
    """A row a variant that has been trained."""
    base = {cell["seed"]: cell["cpu_seconds"] for cell in cells if cell["variant"] == BASE}
    rows = [_row(variant, mine, base) for variant in VARIANTS if (mine := cells_of(cells, variant))]
    return markdown_table(HEAD, rows)


def stops(cells: Sequence[Cell]) -> list[str]:
    """Why trainings were stopped, an entry of a list each."""
    return [
        f"- {variant.title}, seed {cell['seed']}: {cell['stopped']}"
        for variant in VARIANTS
        for cell in cells_of(cells, variant)
        if cell["stopped"]
    ]


def _row(variant: Variant, cells: Sequence[Cell], base: dict[int, float | None]) -> list[str]:
    losses = [cell["rows"]["loss"] for cell in cells if cell["rows"]]
    looks = [_looks(cell, name) for name in LOOKED_AT.values() for cell in cells]
    pairs = [looks[start : start + len(cells)] for start in range(0, len(looks), len(cells))]
    seconds = [cell["cpu_seconds"] for cell in cells if cell["cpu_seconds"]]
    ratios = [cell["cpu_seconds"] / own for cell in cells if cell["cpu_seconds"] and (own := base.get(cell["seed"]))]
    ended = sum(cell["stopped"] is not None for cell in cells)
    return [
        variant.title,
        _from_to(
            [statistics.fmean(each[:ENDS]) for each in losses], [statistics.fmean(each[-ENDS:]) for each in losses]
        ),
        *(_from_to([each[0] for each in column if each], [each[-1] for each in column if each]) for column in pairs),
        mean_spread(seconds, digits=2),
        mean_spread(ratios, digits=2),
        f"{ended} of {len(cells)}",
    ]


def _looks(cell: Cell, name: str) -> list[float]:
    """A figure at all looks that have it."""
    looks = cell["looks"]
    if name != "energies":
        return [value for value in looks.get(name, []) if value is not None]
    return [c / p for c, p in zip(looks.get("valid_corrupted", []), looks.get("valid_positive", []), strict=True)]


def _from_to(start: Sequence[float], end: Sequence[float]) -> str:
    return f"{mean_spread(start)} → {mean_spread(end)}" if start else MISSING


def _what(base: dict[str, Any]) -> str:
    run, episode, network = base["run"], base["episode"], base["network"]
    episodes = run["episodes_per_step"] * run["accumulate"]
    return (
        f"Trainings of {run['steps']} steps, {episodes} episode{'s' * (episodes > 1)} of {episode['shots']} + "
        f"{episode['queries']} frames of {episode['image_size']} px each, ResNet-10 with strides {network['strides']} "
        f"tapped at {network['layers']}, J = {base['langevin']['steps']}, {base['optimiser']['name']} at "
        f"{base['optimiser']['learning_rate']:g}. Learned from {_listed(base['tasks'])}; watched on "
        f"{_listed(base['validation'])}. Every setting of the base is in the JSON file. Short on purpose: the curves "
        "compare variants, they are not the training that the shipped weights come from."
    )


def _listed(sources: Sequence[dict[str, Any]]) -> str:
    names = [f"{source['folder']} ({source['kind']})" if source["folder"] else source["kind"] for source in sources]
    return ", ".join(dict.fromkeys(names))
