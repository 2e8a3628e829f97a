"""Pictures of walks: query, corrupted, each Langevin step and where the energy looks, before and after training."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import torch

from tenshot.evaluation.meta_training.own_terms_page import STATES, best_point
from tenshot.evaluation.meta_training.probing import walked
from tenshot.training.episode import EpisodeSampler
from tenshot.training.evaluating import case_at, heat_maps
from tenshot.training.objective import visible
from tenshot.training.panels import panel
from tenshot.training.sheet import png

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from tenshot.evaluation.ledger import Cell
    from tenshot.evaluation.meta_training.probing import Grid, Subject
    from tenshot.training.network import Embedding
    from tenshot.training.objective import Case
    from tenshot.training.settings import TrainingConfig
    from tenshot.training.tasks import Tasks

__all__ = ["own_terms_sheet"]

ROWS = 4
COLOURS = 256
ROUNDS = 3
"""Of improving the choice of colours; without any, heat has steps."""


def own_terms_sheet(shown: Sequence[tuple[Subject, Tasks]], cells: Sequence[Cell], *, grid: Grid) -> bytes:
    """A PNG file: for every network a block before and a block after training, a row an episode.

    Args:
        shown: networks, and the tasks to be seen.
        cells: measurements of all of them, by which step sizes are chosen.
        grid: that they were made with.
    """
    panels = {}
    for subject, tasks in shown:
        sampler = EpisodeSampler(tasks, subject.config.episode, subject.config.seed, "sheet")
        cases = [_most_changed(case_at(sampler, subject.config, index)) for index in range(ROWS)]
        steps = subject.config.langevin.steps
        for state in STATES:
            mine = [cell for cell in cells if (cell["network"], cell["state"]) == (subject.name, state)]
            size = grid.sizes[best_point(mine, steps=grid.steps.index(steps)).size]
            rows = [_row(getattr(subject, state), case, subject.config, size=size) for case in cases]
            caption = f"{subject.name}, {state}: query, corrupted, {steps} Langevin steps of {size:g}, gradient map"
            panels[caption] = torch.cat(rows)
    return _smaller(png(panels))


def _most_changed(case: Case) -> Case:
    """The case with the one query that has the most changed pixels."""
    index = int(visible(case).flatten(1).sum(dim=1).argmax())
    only = slice(index, index + 1)
    return case._replace(query=case.query[only], corrupted=case.corrupted[only])


def _row(embedding: Embedding, case: Case, config: TrainingConfig, *, size: float) -> Tensor:
    walk = walked(embedding, case, config, size=size, steps=config.langevin.steps)
    grid = embedding.grid((case.query.shape[-2], case.query.shape[-1]))
    by_gradient, _ = heat_maps(walk, grid=grid, smoothing=config.validating.smoothing)
    return panel(case.query, walk.pictures, by_gradient, rows=1)


def _smaller(content: bytes) -> bytes:
    """The same picture in so few colours that the file is a quarter."""
    from PIL import Image

    few, file = Image.open(io.BytesIO(content)).quantize(COLOURS, kmeans=ROUNDS), io.BytesIO()
    few.save(file, "PNG", optimize=True)
    return file.getvalue()
