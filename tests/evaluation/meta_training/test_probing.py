from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from tenshot.core.errors import ExtractorError, InputError, MissingError
from tenshot.evaluation.meta_training.probing import Grid, probe, read_subject
from tenshot.features.design import Design
from tenshot.training.files import write_tensors
from tenshot.training.tasks import gather_tasks

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenshot.training.settings import TrainingConfig


def test_a_subject_is_built_as_its_file_says(weights: Path, tiny: Callable[..., TrainingConfig]) -> None:
    base = tiny("network.seed=9", "network.neighbourhood=5", "episode.image_size=64")
    subject = read_subject("a", weights, base=base)
    assert (subject.config.network.seed, subject.config.network.neighbourhood) == (3, 1)
    assert subject.config.episode.image_size == 64
    trained, untrained = (each.network.state_dict() for each in (subject.trained, subject.untrained))
    assert len([name for name in trained if not torch.equal(trained[name], untrained[name])]) == 1
    assert not any(each.requires_grad for each in subject.trained.parameters())


def test_a_file_that_cannot_be_is_one_sentence(tmp_path: Path, tiny: Callable[..., TrainingConfig]) -> None:
    missing, other, misfit = (tmp_path / name for name in ("none", "page.md", "misfit.safetensors"))
    other.write_text("# No weights\n")
    write_tensors(misfit, {"w": torch.zeros(2)}, Design().facts(recipe="none"))
    for file, error in ((missing, MissingError), (other, ExtractorError), (misfit, InputError)):
        with pytest.raises(error, match=file.name) as raised:
            read_subject("a", file, base=tiny("episode.image_size=64"))
        assert "\n" not in str(raised.value)


def test_a_network_is_judged_by_the_seed_alone(weights: Path, tiny: Callable[..., TrainingConfig]) -> None:
    subject = read_subject("a", weights, base=tiny())
    config, grid = subject.config, Grid(sizes=(1e-9, 0.005), steps=(1, 2))
    tasks = gather_tasks(config.tasks, image_size=32, needed=4, base=Path(), memory=config.memory)
    first, again = (probe(subject.trained, tasks, config, grid=grid) for _ in range(2))
    assert first == again
    assert first.remaining[0] == pytest.approx([1, 1], abs=1e-5), "who does not walk repairs nothing"
    assert first.remaining[1] != pytest.approx([1, 1], abs=1e-3)
    other = probe(subject.trained, tasks, config.model_copy(update={"seed": 1}), grid=grid)
    assert other.facts != first.facts
