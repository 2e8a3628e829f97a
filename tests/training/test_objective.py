from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tenshot.core.config import CodingConfig
from tenshot.energy import TaskEnergy, energy
from tenshot.negatives import PatchSettings
from tenshot.sampling import langevin
from tenshot.training.network import Embedding, build_network
from tenshot.training.objective import Case, corrupted_case, episode_loss, repaired, visible, walk_of
from tenshot.training.randomness import torch_generator
from tenshot.training.sampling import Episode
from tenshot.training.settings import LangevinSettings, LossSettings, NegativeSettings, NetworkSettings

PLACE = (0, 3, 1)
SIDE = 48
PATCHES = PatchSettings(area=(0.02, 0.05), aspect=(0.5, 2.0))
CODING = CodingConfig(method="full", shrinkage="sigshrink")


def embedding_of(**settings: Any) -> Embedding:
    how = NetworkSettings(**settings)
    return Embedding(build_network(how, base=Path()), settings=how, coding=CODING).double()


def case_of(start: Any = "inpainting") -> Case:
    generator = torch.Generator().manual_seed(0)
    smooth = nn.functional.interpolate(torch.rand(4, 3, 8, 8, generator=generator), size=SIDE, mode="bilinear").double()
    episode = Episode(smooth[:2], smooth[2:])
    return corrupted_case(episode, NegativeSettings(start=start, patches=PATCHES), purpose="test", place=PLACE)


def gradients(embedding: Embedding, loss: Tensor) -> Tensor:
    parts = torch.autograd.grad(loss, list(embedding.parameters()), allow_unused=True)
    return torch.cat([part.flatten() for part in parts if part is not None])


def plainly(
    case: Case, embedding: Embedding, sampler: LangevinSettings, *, through: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Algorithm 1 as it is written, nothing shared: q's energy, the negatives and their energy."""
    task = TaskEnergy(embedding, case.support, CODING)
    *_, sample = langevin(
        task,
        case.corrupted,
        steps=sampler.steps,
        step_size=sampler.step_size,
        noise=sampler.noise,
        generator=torch_generator("langevin", *PLACE),
        normalise=sampler.normalise,
    )
    positions = embedding(case.query).shape[1]
    return task(case.query) / positions, sample, task(sample if through else sample.detach()) / positions


@pytest.mark.parametrize("through", [False, True])
@pytest.mark.parametrize("normalise", [False, True])
def test_the_papers_loss_and_its_gradient_are_those_of_algorithm_1_written_plainly(
    through: bool, normalise: bool
) -> None:
    case, embedding = case_of(), embedding_of()
    sampler = LangevinSettings(steps=2, step_size=0.02, normalise=normalise, differentiate_negatives=through)
    losses = LossSettings(reconstruction="mse", contrast="difference", log=False)
    loss, facts = episode_loss(case, embedding, losses=losses, sampler=sampler, steps=2)
    positive, sample, negative = plainly(case, embedding, sampler, through=through)
    expected = (sample - case.query).square().mean() + 0.25 * (positive - negative).mean()
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(gradients(embedding, loss), gradients(embedding, expected))
    torch.testing.assert_close(facts["positive"], positive.mean().detach())
    torch.testing.assert_close(facts["negative"], negative.mean().detach())
    changed = (case.corrupted - case.query).square().mean()
    torch.testing.assert_close(facts["remaining"], ((sample - case.query).square().mean() / changed).detach())


def test_the_direction_loss_and_its_gradient_are_those_of_a_plain_cosine() -> None:
    case, embedding = case_of(), embedding_of(layers=(1, 2))
    losses = LossSettings(eta1=0)
    loss, facts = episode_loss(case, embedding, losses=losses, sampler=LangevinSettings(), steps=0)
    x = case.corrupted.clone().requires_grad_()
    (slope,) = torch.autograd.grad(TaskEnergy(embedding, case.support, CODING)(x).sum(), x, create_graph=True)
    cosines = nn.functional.cosine_similarity(slope.flatten(1), (case.corrupted - case.query).flatten(1))
    torch.testing.assert_close(loss, 1 - cosines.mean())
    torch.testing.assert_close(gradients(embedding, loss), gradients(embedding, 1 - cosines.mean()))
    torch.testing.assert_close(facts["cosine"], cosines.mean().detach())
    assert "remaining" not in facts


def test_walking_does_not_change_the_direction_loss() -> None:
    case, embedding = case_of(), embedding_of()
    alone, walked = (
        episode_loss(case, embedding, losses=LossSettings(eta1=0), sampler=LangevinSettings(), steps=steps)
        for steps in (0, 3)
    )
    torch.testing.assert_close(alone[0], walked[0])
    torch.testing.assert_close(gradients(embedding, alone[0]), gradients(embedding, walked[0]))
    assert "remaining" in walked[1]


def test_a_walk_is_that_of_the_plain_sampler() -> None:
    case, embedding = case_of(), embedding_of()
    sampler = LangevinSettings(steps=3)
    walk = walk_of(case, embedding, sampler, steps=3, second=False, path=False)
    _, sample, _ = plainly(case, embedding, sampler, through=False)
    assert len(walk.pictures) == 4
    assert torch.equal(walk.pictures[0], case.corrupted)
    torch.testing.assert_close(walk.pictures[-1], sample.detach())
    assert not walk.pictures[-1].requires_grad


@pytest.mark.parametrize(
    ("losses", "parts"),
    [
        ({"reconstruction": "normalised"}, {"reconstruction", "contrast"}),
        ({"reconstruction": "none"}, {"contrast"}),
        ({"eta0": 0.0}, {"contrast"}),
        ({"eta1": 0.0, "positions": 1.0}, {"reconstruction", "positions"}),
        ({"energy_penalty": 0.1, "anchor": 0.5}, {"reconstruction", "contrast", "penalty", "anchor"}),
    ],
)
def test_a_loss_is_the_weighted_sum_of_its_parts(losses: dict[str, Any], parts: set[str]) -> None:
    embedding, anchor = embedding_of(), embedding_of(seed=1)
    settings = LossSettings(**losses)
    loss, facts = episode_loss(
        case_of(), embedding, losses=settings, sampler=LangevinSettings(), steps=1, anchor=anchor.requires_grad_(False)
    )
    weights = {
        "reconstruction": settings.eta0,
        "contrast": settings.eta1,
        "penalty": settings.energy_penalty,
        "positions": settings.positions,
        "anchor": settings.anchor,
    }
    assert {name.removeprefix("loss_") for name in facts if name.startswith("loss_")} == parts
    total = sum(weights[name] * facts[f"loss_{name}"] for name in parts)
    torch.testing.assert_close(loss.detach(), total)
    assert gradients(embedding, loss).isfinite().all()
    assert all(not value.requires_grad and value.ndim == 0 for value in facts.values())


def test_the_anchor_holds_features_where_they_were() -> None:
    settings = LossSettings(reconstruction="none", eta1=1e-9, anchor=1)
    embedding = embedding_of()

    def distance(seed: int) -> float:
        anchor = embedding_of(seed=seed)
        _, facts = episode_loss(
            case_of(), embedding, losses=settings, sampler=LangevinSettings(), steps=0, anchor=anchor
        )
        return float(facts["loss_anchor"])

    assert distance(0) < 1e-20
    assert 0.5 < distance(1) <= 4  # strangers are about at right angles; unit vectors are at most 2 apart


def test_positions_are_ranked_by_where_pixels_have_changed() -> None:
    case = case_of()
    shown = visible(case)
    assert torch.equal(shown, (case.corrupted != case.query).any(dim=1) & shown)
    settings = LossSettings(reconstruction="none", eta1=0, positions=1, margin=0)
    early = embedding_of(layers=(0, 1), strides=(1, 2, 1, 1))
    _, facts = episode_loss(case, early, losses=settings, sampler=LangevinSettings(), steps=0)
    # Below log 2: damaged positions have more energy than clean ones already at the start.
    assert 0 < float(facts["loss_positions"]) < 0.69
    clean = case._replace(corrupted=case.query)
    _, none = episode_loss(clean, early, losses=settings, sampler=LangevinSettings(), steps=0)
    assert float(none["loss_positions"]) == 0


def test_negatives_are_a_function_of_purpose_and_place() -> None:
    case = case_of()
    assert torch.equal(case.corrupted, case_of().corrupted)
    episode = Episode(case.support, case.query)
    for purpose, place in (("other", PLACE), ("test", (0, 3, 2))):
        other = corrupted_case(episode, NegativeSettings(patches=PATCHES), purpose=purpose, place=place)
        assert not torch.equal(case.corrupted, other.corrupted)


def test_noise_may_be_the_start() -> None:
    case = case_of("noise")
    assert visible(case).float().mean() > 0.9
    losses = LossSettings(reconstruction="mse")
    embedding = embedding_of()
    loss, _ = episode_loss(case, embedding, losses=losses, sampler=LangevinSettings(), steps=2)
    assert gradients(embedding, loss).isfinite().all()


def test_variance_is_nought_for_features_that_are_the_same_everywhere() -> None:
    case = case_of()
    walk = walk_of(case, embedding_of(), LangevinSettings(), steps=0, second=False, path=False)
    same = walk.support[:, :1].expand_as(walk.support)
    assert float(repaired(walk._replace(support=same), case)["variance"]) == pytest.approx(0, abs=1e-12)
    assert 0.3 < float(repaired(walk, case)["variance"]) < 1
    unit = torch.eye(4).double()[None]
    assert float(repaired(walk._replace(support=unit), case)["variance"]) == pytest.approx(0.75)


def test_pictures_of_one_colour_give_no_nan() -> None:
    flat = torch.full((2, 3, SIDE, SIDE), 0.5).double()
    case = Case(flat, flat, flat, PLACE)
    for reconstruction in ("mse", "normalised", "direction"):
        embedding = embedding_of()
        loss, facts = episode_loss(
            case, embedding, losses=LossSettings(reconstruction=reconstruction), sampler=LangevinSettings(), steps=1
        )
        assert all(value.isfinite() for value in facts.values())
        assert gradients(embedding, loss).isfinite().all()


def test_energies_of_a_walk_are_those_of_its_residuals() -> None:
    case, embedding = case_of(), embedding_of()
    walk = walk_of(case, embedding, LangevinSettings(), steps=1, second=False, path=False)
    task = TaskEnergy(embedding, case.support, CODING)
    torch.testing.assert_close(energy(walk.clean_residual), task(case.query))
    torch.testing.assert_close(energy(walk.corrupted_residual), task(case.corrupted))
