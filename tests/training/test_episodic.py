from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tenshot.core.config import ExtractorConfig
from tenshot.core.errors import InputError, MissingError
from tenshot.features import build_extractor
from tenshot.training.diagnosis import diagnose
from tenshot.training.engine import run
from tenshot.training.lessons import build_lesson
from tenshot.training.log import read_rows
from tenshot.training.run_settings import RunSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tenshot.training.episodic import EpisodicLesson
    from tenshot.training.settings import TrainingConfig

    Maker = Callable[..., EpisodicLesson]

QUICK = {"langevin": {"steps": 0}, "validation": []}


def test_a_batch_is_a_function_of_step_and_indices(lesson_of: Maker) -> None:
    lesson, resumed = lesson_of(), lesson_of()
    for step in range(3):
        lesson.batch(step, [0, 1])
    (first, second), (again,) = lesson.batch(3, [0, 1]), resumed.batch(3, [1])
    assert torch.equal(second.corrupted, again.corrupted)
    assert torch.equal(second.support, again.support)
    assert not torch.equal(first.corrupted, second.corrupted)
    other = lesson_of(seed=1).batch(3, [1])[0]
    assert not torch.equal(other.query, again.query)


def test_an_outcome_is_the_mean_over_its_episodes(lesson_of: Maker) -> None:
    lesson = lesson_of(validation=[])
    both = lesson.outcome(lesson.batch(1, [0, 1]), 1)
    alone = [lesson.outcome(lesson.batch(1, [index]), 1) for index in (0, 1)]
    torch.testing.assert_close(both.loss, torch.stack([each.loss for each in alone]).mean())
    assert set(both.facts) == set(alone[0].facts)
    for name, value in both.facts.items():
        torch.testing.assert_close(value, torch.stack([torch.as_tensor(each.facts[name]) for each in alone]).mean())
    # The mode of the network does not matter: nothing in it depends on a batch.
    assert torch.equal(lesson.eval().outcome(lesson.batch(1, [0, 1]), 1).loss, both.loss)


def test_an_outcome_leaves_the_global_generator_alone(lesson_of: Maker) -> None:
    lesson = lesson_of()
    before = torch.get_rng_state()
    lesson.outcome(lesson.batch(0, [0]), 0)
    lesson.pictures(0)
    assert torch.equal(before, torch.get_rng_state())


def test_steps_of_the_sampler_grow_by_the_curriculum(lesson_of: Maker) -> None:
    lesson = lesson_of(langevin={"steps": 0, "curriculum": [(2, 1), (5, 3)]}, validation=[])
    walked = ["remaining" in lesson.outcome(lesson.batch(step, [0]), step).facts for step in (0, 1, 2, 5)]
    assert walked == [False, False, True, True]


def test_unseen_tasks_are_looked_at_every_so_often_and_last(lesson_of: Maker) -> None:
    lesson = lesson_of(validating={"every": 3, "episodes": 1, "steps": 1}, run={"steps": 5}, langevin={"steps": 0})
    looked = []
    for step in range(5):
        facts = lesson.outcome(lesson.batch(step, [0]), step).facts
        looked.append("valid_auroc_gradient" in facts)
        assert all(facts[f"valid_{name}"] == value for name, value in lesson.evaluate().items() if looked[-1])
    assert looked == [True, False, False, True, True]
    assert lesson_of(validation=[]).evaluate() == {}


def test_what_is_watched_must_not_be_learned(lesson_of: Maker, textures: Path) -> None:
    with pytest.raises(InputError, match="validation: expected tasks that are not learned from, but t3 is among tasks"):
        lesson_of(validation=[{"folder": textures, "only": ["t3", "t4"]}])
    with pytest.raises(InputError, match=r"t3/1\.png"):
        lesson_of(validation=[{"folder": textures, "kind": "crops", "only": ["t3/1.png", "t4"]}])


def test_the_weights_are_an_extractor(lesson_of: Maker, tmp_path: Path) -> None:
    lesson = lesson_of(network={"strides": (1, 2, 1, 1), "layers": (1, 4), "seed": 7}, losses={"anchor": 1.0})
    tensors, facts = lesson.weights()
    save_file(tensors, tmp_path / "w.safetensors", facts)
    extractor = build_extractor(ExtractorConfig(name="tenshot_resnet10", weights=tmp_path / "w.safetensors"))
    assert (extractor.spec.layers, extractor.spec.image_size, extractor.spec.grid_stride) == ((1, 4), 64, 8)
    images = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    expected = lesson.embedding.network(2 * images - 1)
    for given, wanted in zip(extractor(images), (expected[1], expected[4]), strict=True):
        torch.testing.assert_close(given, wanted)
    assert facts["config"] == lesson.config.digest
    twin = build_extractor(ExtractorConfig(name="tenshot_resnet10_untrained", weights=tmp_path / "w.safetensors"))
    assert twin.spec.weights == extractor.spec.weights  # nothing was trained, so they are the same


def test_only_the_network_is_trained_and_the_anchor_is_not(lesson_of: Maker) -> None:
    lesson = lesson_of(losses={"anchor": 1.0}, **QUICK)
    assert {id(each) for each in lesson.trained()} == {id(each) for each in lesson.embedding.parameters()}
    assert lesson.anchor is not None
    for parameter in lesson.trained():
        parameter.data += 0.01
    assert not torch.equal(lesson.anchor.network.head.weight, lesson.embedding.network.head.weight)
    assert lesson.outcome(lesson.batch(0, [0]), 0).facts["loss_anchor"] > 0


@pytest.mark.parametrize("validation", [True, False])
def test_pictures_show_a_walk(lesson_of: Maker, validation: bool) -> None:
    watched = {} if validation else {"validation": []}
    lesson = lesson_of(validating={"steps": 3, "pictures": 1, "episodes": 1}, **watched)
    ((caption, sheet),) = lesson.pictures(0).items()
    assert caption == f"{'unseen' if validation else 'seen'} task: query, corrupted, 3 Langevin steps, gradient"
    assert sheet.shape == (1, 6, 3, 64, 64)
    assert 0 <= sheet.min() < sheet.max() <= 1
    assert not torch.equal(sheet[0, 0], sheet[0, 1])


def test_a_folder_that_vanishes_ends_the_training_by_its_name(
    configure: Callable[..., TrainingConfig], textures: Path, tmp_path: Path
) -> None:
    shutil.copytree(textures / "t0", tmp_path / "tasks" / "pill")
    lesson = build_lesson(configure(tasks=[{"folder": "tasks"}], validation=[]), tmp_path)
    shutil.rmtree(tmp_path / "tasks" / "pill")
    with pytest.raises(MissingError, match=r"task pill: its folder .* is not there any more"):
        lesson.batch(0, [0])


def test_thirty_steps_help_on_tasks_that_were_never_seen(
    lesson_of: Maker, train: Callable[..., list[dict[str, float]]]
) -> None:
    lesson = lesson_of(
        network={"strides": (1, 2, 1, 1), "layers": (1, 2)},
        coding={"method": "nearest"},
        episode={"shots": 2, "queries": 2, "image_size": 64, "augmentation": "all"},
        langevin={"steps": 0},
        validating={"episodes": 4, "steps": 5, "every": 1000},
    )
    before = lesson.evaluate()
    rows = train(lesson, steps=30, rate=1e-3)
    after = lesson.evaluate()
    assert 1 - after["cosine"] < 1 - before["cosine"] - 0.04  # the loss that is lowered
    assert after["remaining"] < before["remaining"] - 0.07
    assert after["corrupted"] / after["positive"] > 1.4 * before["corrupted"] / before["positive"]
    assert after["auroc_gradient"] > 0.95
    assert diagnose(rows) is None


def test_a_training_that_stops_and_goes_on_ends_as_one_that_does_not(
    lesson_of: Maker, in_halves: Callable[..., dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    def trained(folder: str, **how: Any) -> dict[str, torch.Tensor]:
        lesson = lesson_of(validating={"every": 3, "episodes": 1, "steps": 1}, run={"steps": 4})
        settings = RunSettings(steps=4, episodes_per_step=1, log_every=1, check_every=1, checkpoint_every=1)
        return load_file(run(lesson, settings=settings, out=tmp_path / folder, **how))

    in_halves(trained, stop_at=2)
    logs = [read_rows(tmp_path / folder / "log.csv", until=4) for folder in ("whole", "halves")]
    for row in (row for log in logs for row in log):
        row.pop("seconds")
    assert logs[0] == logs[1]
    assert ["valid_auroc_gradient" in row for row in logs[0]] == [True, False, False, True]
