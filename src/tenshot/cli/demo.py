"""The demonstration: real solar cells, judged by the same path as anybody's parts, and counted against the experts."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from tenshot.cli.adapting import adapt_to, task_summary
from tenshot.cli.options import DetectorOptions, RunOptions, SupportOptions
from tenshot.cli.results import exit_status, plan, show
from tenshot.cli.scoring import score_images
from tenshot.data.elpv import read_elpv

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tenshot.cli.scoring import Run
    from tenshot.data.elpv import SolarCell

__all__ = ["CREDIT", "DemoCells", "Tally", "draw_cells", "run_demo", "tally"]

SEED = 20
SHOTS = 10
FUNCTIONAL = 25
DEFECTIVE = 25

CREDIT = (
    "Photos: ELPV data set, CC BY-NC-SA 4.0, not for commercial use. Cite: S. Deitsch et al., Automatic classification "
    "of defective photovoltaic module cells in electroluminescence images, Solar Energy 185, 2019."
)


@dataclass(frozen=True)
class DemoCells:
    """Which cells are shown and which are judged.

    Attributes:
        normal: functional cells to adapt to.
        queries: cells to judge, none of them in ``normal``.
        truth: "defective" or "functional" for every query, by its name.
    """

    normal: list[Path]
    queries: list[Path]
    truth: Mapping[str, str]


@dataclass(frozen=True)
class Tally:
    """How the verdicts compare with the truth.

    Attributes:
        caught: defective ones that were flagged, of ``defective``.
        false_alarms: functional ones that were flagged, of ``functional``.
        ranked: share of pairs of a defective and a functional one where the defective one scores higher; 0.5 is chance
            (the area under the ROC curve).
    """

    caught: int
    defective: int
    false_alarms: int
    functional: int
    ranked: float

    def __str__(self) -> str:
        """One line for the terminal."""
        return (
            f"Against the experts: {self.caught} of {self.defective} defective cells caught, {self.false_alarms} of "
            f"{self.functional} functional cells flagged; a defective cell scores above a functional one in "
            f"{self.ranked:.0%} of all pairs (50% would be chance)."
        )


def run_demo(out: Path, run: RunOptions) -> None:
    """Adapts to ten functional cells, judges fifty others and says how well; ends the command with its exit status."""
    cells = draw_cells(read_elpv())
    photos, folder = plan(cells.queries, out)
    adapted = adapt_to(cells.normal, support=SupportOptions(), detector=DetectorOptions(), run=run)
    scored = score_images(adapted, photos, folder, task=task_summary(adapted, "Solar cells", notes=(CREDIT,)))
    show(scored, adapted, truth=cells.truth, remarks=(str(tally(scored, cells.truth)), CREDIT))
    raise typer.Exit(exit_status(scored, fail_on_anomaly=False))


def draw_cells(cells: Sequence[SolarCell], *, seed: int = SEED) -> DemoCells:
    """Draws monocrystalline cells: ten functional ones to learn from, fifty others, half of them defective.

    Only cells the experts were sure about take part; the photos to learn from are a plain random draw.
    """
    draw = random.Random(seed)  # noqa: S311 - a repeatable choice, not a secret
    mono = [cell for cell in cells if cell.kind == "mono"]
    functional = draw.sample([cell.path for cell in mono if cell.probability == 0], SHOTS + FUNCTIONAL)
    defective = draw.sample([cell.path for cell in mono if cell.probability == 1], DEFECTIVE)
    queries = functional[SHOTS:]
    truth = {str(path): "functional" for path in queries} | {str(path): "defective" for path in defective}
    return DemoCells(sorted(functional[:SHOTS]), sorted(queries + defective), truth)


def tally(run: Run, truth: Mapping[str, str]) -> Tally:
    """Counts the verdicts of a run that reached both kinds."""
    bad = [verdict for verdict in run.verdicts if truth[verdict.name] == "defective"]
    good = [verdict for verdict in run.verdicts if truth[verdict.name] == "functional"]
    wins = sum((b.score > g.score) + (b.score == g.score) / 2 for b in bad for g in good)
    return Tally(
        caught=sum(verdict.is_anomalous for verdict in bad),
        defective=len(bad),
        false_alarms=sum(verdict.is_anomalous for verdict in good),
        functional=len(good),
        ranked=wins / max(len(bad) * len(good), 1),
    )
