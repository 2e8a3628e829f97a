from __future__ import annotations

import torch

from tenshot.training.tally import Tally
from tenshot.training.together import Together

ALONE = Together(torch.device("cpu"))


def test_a_row_has_the_means_over_batches_and_steps() -> None:
    tally = Tally()
    for losses in ([1.0, 3.0], [4.0, 6.0]):
        for loss in losses:
            tally.note({"loss": torch.tensor(loss)})
        tally.end_step(ALONE)
    assert tally.end_row() == {"loss": 3.5}
    assert tally.end_row() == {}


def test_facts_of_some_steps_are_averaged_over_these() -> None:
    tally = Tally()
    for step in range(4):
        tally.note({"loss": 1.0, **({"seen": float(step)} if step % 2 else {})})
        tally.end_step(ALONE)
    assert tally.end_row() == {"loss": 1.0, "seen": 2.0}


def test_a_row_goes_on_where_it_was_left() -> None:
    first, second, whole = Tally(), Tally(), Tally()
    for step in range(5):
        if step == 2:
            second.load_state_dict(first.state_dict())
        for tally in (first if step < 2 else second, whole):
            tally.note({"loss": 0.1 * step})
            tally.end_step(ALONE)
    assert second.end_row() == whole.end_row()
