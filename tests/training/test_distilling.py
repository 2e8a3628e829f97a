from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tenshot.core.config import ExtractorConfig
from tenshot.core.errors import InputError
from tenshot.features import build_extractor
from tenshot.training.engine import run
from tenshot.training.run_settings import OptimiserSettings, RunSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tenshot.training.distilling import DistilLesson

TEACHER = {"name": "resnet10", "layers": (0, 1, 2), "neighbourhood": 1}
SMALL = {"teacher": TEACHER, "pictures": 4, "size": 64, "positions": 64}
NETWORK = {"strides": (1, 2, 2, 2), "layers": (0, 1, 2), "seed": 5}


@pytest.fixture
def distil(lesson_of: Callable[..., Any]) -> Callable[..., DistilLesson]:
    """Makes lessons whose teacher is a random network of another seed."""

    def build(distil: dict[str, Any] | None = None, **sections: Any) -> Any:
        settings = {"network": NETWORK, "validation": [], **sections}
        return lesson_of(lesson="distil", distil={**SMALL, **(distil or {})}, **settings)

    return build


def test_a_dozen_steps_come_closer_to_a_teacher_that_stays_as_it_is(distil: Callable[..., DistilLesson]) -> None:
    lesson = distil()
    frozen = {name: tensor.clone() for name, tensor in lesson.teacher.state_dict().items()}
    optimiser = torch.optim.AdamW(lesson.trained(), lr=2e-3)
    batch = lesson.batch(0, [0])
    before = lesson.outcome(batch, 0)
    for _ in range(12):
        optimiser.zero_grad()
        lesson.outcome(batch, 0).loss.backward()
        optimiser.step()
    after = lesson.outcome(batch, 0)
    assert after.loss < 0.6 * before.loss
    assert all(after.facts[f"cosine_{name}"] < before.facts[f"cosine_{name}"] for name in ("0_0", "1_1", "2_2", "head"))
    assert all(torch.equal(frozen[name], tensor) for name, tensor in lesson.teacher.state_dict().items())
    assert not any(parameter.requires_grad for parameter in lesson.teacher.parameters())


def test_a_network_that_is_its_teacher_has_all_similarities_right(distil: Callable[..., DistilLesson]) -> None:
    lesson = distil(network={"strides": (1, 2, 2, 2), "layers": (0, 1, 2), "seed": 0})
    facts = lesson.outcome(lesson.batch(0, [0]), 0).facts
    for stage in range(3):
        assert float(facts[f"similarity_{stage}_{stage}"]) == pytest.approx(0, abs=1e-4)
        assert float(facts[f"cosine_{stage}_{stage}"]) > 0.1  # its regressor is yet to learn
    assert float(facts["similarity_head"]) > 0.1


def test_the_loss_is_the_weighted_sum_of_its_parts(distil: Callable[..., DistilLesson]) -> None:
    lesson = distil({"head": 0.5, "pairs": [(0, 1), (3, 2)]})
    outcome = lesson.outcome(lesson.batch(0, [0, 1]), 0)
    facts = {name: float(value) for name, value in outcome.facts.items()}
    assert list(facts) == [f"{kind}_{name}" for name in ("0_1", "3_2", "head") for kind in ("cosine", "similarity")]
    expected = sum(value * (0.5 if "head" in name else 1.0) for name, value in facts.items())
    assert outcome.loss.item() == pytest.approx(expected, rel=1e-5)


def test_what_is_not_matched_is_not_trained(distil: Callable[..., DistilLesson]) -> None:
    lesson = distil({"head": 0.0, "pairs": [(1, 0)]})
    lesson.outcome(lesson.batch(0, [0]), 0).loss.backward()
    trained = {id(parameter) for parameter in lesson.trained()}
    for name, parameter in lesson.named_parameters():
        assert (parameter.grad is not None) == (id(parameter) in trained), name
    assert {name.split(".")[1] for name, each in lesson.named_parameters() if id(each) in trained} == {
        "stem",
        "stages",
        "1_0",
    }
    assert not any(id(parameter) in trained for parameter in lesson.network.stages[2].parameters())


def test_a_lot_is_a_function_of_step_and_index(distil: Callable[..., DistilLesson]) -> None:
    lesson = distil()
    (first, second), (again,) = lesson.batch(3, [0, 1]), distil().batch(3, [1])
    assert first.pictures.shape == (4, 3, 64, 64)
    assert torch.equal(second.pictures, again.pictures)
    assert not torch.equal(first.pictures, second.pictures)
    assert torch.equal(lesson.outcome([second], 3).loss, distil().outcome([again], 3).loss)
    assert not torch.equal(distil(seed=1).batch(3, [1])[0].pictures, again.pictures)


def test_so_many_pictures_are_damaged_and_one_of_every_task_is_not(distil: Callable[..., DistilLesson]) -> None:
    # Whole frames, so that crops do not differ, of corruptions that are one pure colour.
    whole = {"crop": (1.0, 1.0), "pictures": 2}
    lots, clean = (distil({**whole, "damaged": share}).batch(0, range(60)) for share in (0.25, 0.0))
    changed = torch.stack([(a.pictures != b.pictures).flatten(1).any(1) for a, b in zip(lots, clean, strict=True)])
    assert not changed[:, 0].any()
    assert changed[:, 1].double().mean().item() == pytest.approx(0.5, abs=0.15)


def test_unseen_tasks_are_looked_at(distil: Callable[..., DistilLesson], textures: Path) -> None:
    watched = {"validation": [{"folder": textures, "only": ["t4"]}], "validating": {"every": 2, "episodes": 1}}
    lesson = distil(run={"steps": 4}, **watched)
    looks = [lesson.outcome(lesson.batch(step, [0]), step).facts for step in range(4)]
    assert ["valid_loss" in facts for facts in looks] == [True, False, True, True]
    assert looks[0]["valid_loss"] == lesson.evaluate()["loss"] == looks[2]["valid_loss"]
    assert distil().evaluate() == {}
    with pytest.raises(InputError, match="t3 is among tasks"):
        distil(validation=[{"folder": textures, "only": ["t3"]}])


def test_the_weights_are_the_network_alone(distil: Callable[..., DistilLesson], tmp_path: Path) -> None:
    lesson = distil({"teacher": {**TEACHER, "neighbourhood": 3}})
    tensors, facts = lesson.weights()
    save_file(tensors, tmp_path / "w.safetensors", facts)
    spec = build_extractor(ExtractorConfig(name="tenshot_resnet10", weights=tmp_path / "w.safetensors")).spec
    assert (spec.layers, spec.strides, spec.neighbourhood, spec.image_size) == ((0, 1, 2), (4, 8, 16), 3, 64)
    assert set(tensors) == set(lesson.network.state_dict())


def test_a_teacher_must_have_the_maps_and_take_the_crops(distil: Callable[..., DistilLesson]) -> None:
    with pytest.raises(InputError, match=r"distil\.pairs: expected layers of resnet10 from 0 to 2"):
        distil({"pairs": [(0, 3)]})
    with pytest.raises(InputError, match=r"distil\.size: expected a multiple of 32 for resnet10, got 80"):
        distil({"size": 80}, network={"strides": (1, 2, 2, 1)})


def test_stopped_and_resumed_is_as_if_nothing_had_been(
    distil: Callable[..., DistilLesson], in_halves: Callable[..., dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    def trained(folder: str, **how: Any) -> dict[str, torch.Tensor]:
        settings = RunSettings(steps=4, episodes_per_step=1, log_every=1, check_every=1, checkpoint_every=1)
        optimiser = OptimiserSettings(name="adamw", learning_rate=1e-3, weight_decay=1e-2, warmup=2, decay="cosine")
        return load_file(run(distil(), settings=settings, optimiser=optimiser, out=tmp_path / folder, **how))

    in_halves(trained, stop_at=2)
