from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tenshot.core.config import ExtractorConfig
from tenshot.core.errors import InputError
from tenshot.features import AdaptedExtractor, build_extractor
from tenshot.training.engine import run
from tenshot.training.run_settings import OptimiserSettings, RunSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tenshot.training.adapting import AdapterLesson

EXTRACTOR = {"name": "resnet10", "layers": (0, 1)}
SMALL = {"extractor": EXTRACTOR, "shots": (1, 2), "pool": 4, "atoms": 256}


@pytest.fixture
def adapt(lesson_of: Callable[..., Any]) -> Callable[..., AdapterLesson]:
    """Makes lessons on two layers of a random network, at its own 128 pixels."""

    def build(adapter: dict[str, Any] | None = None, **sections: Any) -> Any:
        noisy = {"patches": {"area": (0.01, 0.02), "aspect": (0.5, 2.0), "kinds": ["noise"], "most": 1}}
        settings = {"validation": [], "negatives": noisy, **sections}
        return lesson_of(lesson="adapter", adapter={**SMALL, **(adapter or {})}, **settings)

    return build


def test_twenty_steps_lower_the_loss_and_nothing_else_moves(
    adapt: Callable[..., AdapterLesson], train: Callable[..., Any]
) -> None:
    lesson = adapt({"rank": 2})
    frozen = {name: tensor.clone() for name, tensor in lesson.extractor.state_dict().items()}
    rows = train(lesson, steps=20, rate=0.03)
    means = [sum(row["loss"] for row in part) for part in (rows[:4], rows[-4:])]
    assert means[1] < 0.9 * means[0]
    assert rows[-1]["scale_std"] > 0.01
    assert all(torch.equal(frozen[name], tensor) for name, tensor in lesson.extractor.state_dict().items())
    assert all(each.grad is None for each in lesson.extractor.parameters())
    assert all(each.grad is not None for each in lesson.trained())


def test_the_loss_holds_scales_back(adapt: Callable[..., AdapterLesson]) -> None:
    free, held = adapt(), adapt({"stay": 3.0})
    for lesson in (free, held):
        with torch.no_grad():
            lesson.adapter.log_scale[0].fill_(0.5)
    batch = free.batch(0, [0, 1])
    free_loss, held_loss = (lesson.outcome(batch, 0) for lesson in (free, held))
    stay = 0.25 * 32 / 96
    assert held_loss.loss.item() == pytest.approx(free_loss.loss.item() + 3 * stay, rel=1e-4)
    assert float(held_loss.facts["loss_stay"]) == pytest.approx(stay, rel=1e-4)


def test_an_outcome_is_the_mean_over_its_episodes(adapt: Callable[..., AdapterLesson]) -> None:
    lesson = adapt()
    both = lesson.outcome(lesson.batch(1, [0, 1]), 1)
    alone = [lesson.outcome(lesson.batch(1, [index]), 1) for index in (0, 1)]
    torch.testing.assert_close(both.loss, torch.stack([each.loss for each in alone]).mean())
    names = ["loss_image", "loss_positions", "image_auroc", "loss_stay", "scale_std", "balance_0", "balance_1"]
    assert list(both.facts) == names


def test_the_weights_are_an_adapter_of_the_extractor(
    adapt: Callable[..., AdapterLesson], train: Callable[..., Any], tmp_path: Path
) -> None:
    lesson = adapt({"rank": 1})
    train(lesson, steps=3, rate=0.1)
    file = tmp_path / "adapter.safetensors"
    tensors, facts = lesson.weights()
    save_file(tensors, file, facts)
    adapted = build_extractor(ExtractorConfig.model_validate({**EXTRACTOR, "adapter": file}))
    assert isinstance(adapted, AdaptedExtractor)
    assert adapted.spec.balance == pytest.approx(lesson.adapter.plain().balance.tolist())
    assert adapted.spec.balance != (1.0, 1.0)
    frames = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    plain = lesson.extractor(frames)
    expected = lesson.adapter.plain()(plain)
    for given, wanted, before in zip(adapted(frames), expected, plain, strict=True):
        torch.testing.assert_close(given, wanted)
        assert not torch.allclose(given, before)


def test_unseen_tasks_are_judged_as_a_detector_would(adapt: Callable[..., AdapterLesson], textures: Path) -> None:
    watched = {"validation": [{"folder": textures, "only": ["t4", "t5"]}]}
    lesson = adapt(run={"steps": 4}, validating={"every": 2, "episodes": 2}, **watched)
    looks = [lesson.outcome(lesson.batch(step, [0]), step).facts for step in range(4)]
    names = [f"valid_{kind}_auroc_{shots}" for shots in (1, 2) for kind in ("image", "position")]
    assert [[name in facts for name in names] for facts in looks] == [[seen] * 4 for seen in (True, False, True, True)]
    assert looks[0]["valid_position_auroc_2"] > 0.6
    assert adapt().evaluate() == {}
    with pytest.raises(InputError, match="t3 is among tasks"):
        adapt(validation=[{"folder": textures, "only": ["t3"]}])


def test_stopped_and_resumed_is_as_if_nothing_had_been(
    adapt: Callable[..., AdapterLesson], in_halves: Callable[..., dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    def trained(folder: str, **how: Any) -> dict[str, torch.Tensor]:
        settings = RunSettings(steps=6, episodes_per_step=2, log_every=1, check_every=1, checkpoint_every=1)
        optimiser = OptimiserSettings(learning_rate=0.01, warmup=2, decay="cosine")
        return load_file(run(adapt(), settings=settings, optimiser=optimiser, out=tmp_path / folder, **how))

    whole = in_halves(trained, stop_at=3)
    assert not torch.equal(whole["scale.0"], torch.ones(32))
