from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import PIL.Image

from tenshot.evaluation.meta_training.own_terms_page import STATES
from tenshot.evaluation.meta_training.own_terms_sheet import ROWS, own_terms_sheet
from tenshot.evaluation.meta_training.probing import Grid, read_subject
from tenshot.training.tasks import gather_tasks

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenshot.training.settings import TrainingConfig


def test_the_sheet_has_a_block_before_and_one_after_training(
    weights: Path, tiny: Callable[..., TrainingConfig]
) -> None:
    subject = read_subject("a", weights, base=tiny())
    tasks = gather_tasks(subject.config.tasks, image_size=32, needed=4, base=Path(), memory=8)
    cells = [{"network": "a", "state": state, "seed": 0, "remaining": [[0.9], [0.8]]} for state in STATES]
    content = own_terms_sheet([(subject, tasks)], cells, grid=Grid(sizes=(0.001, 0.005), steps=(1,)))
    with PIL.Image.open(io.BytesIO(content)) as sheet:
        assert sheet.format == "PNG"
        assert sheet.height >= len(STATES) * ROWS * 32
        assert len(sheet.convert("RGB").getcolors(sheet.width * sheet.height) or []) > 2
