from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from tenshot.coding import istc
from tenshot.core.config import CodingConfig, DetectorConfig, DictionaryConfig, ExtractorConfig, ScoringConfig
from tenshot.core.errors import InputError
from tenshot.detectors.adaptive_energy.path import ScoringPath
from tenshot.energy import (
    TaskEnergy,
    build_dictionary,
    coder_inputs,
    energy,
    explain,
    gaussian_blur,
    gradient_map,
    task_dictionary,
)
from tenshot.features import ResNet10Extractor

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

METHODS = pytest.mark.parametrize("method", ["full", "nearest"])


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.tensor(np.random.default_rng(seed).random(shape))


def unit(*shape: int, seed: int = 0) -> Tensor:
    return F.normalize(draw(*shape, seed=seed) - 0.5, dim=-1)


def coding(**changes: Any) -> CodingConfig:
    return CodingConfig.model_validate({"method": "full", "shrinkage": "sigshrink", **changes})


def embedding(network: nn.Module, config: CodingConfig) -> Callable[[Tensor], Tensor]:
    return lambda x: coder_inputs(network(x), (4,), coding=config)


def small_network() -> nn.Module:
    network = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.Tanh()).double()
    with torch.no_grad():
        for seed, parameter in enumerate(network.parameters()):
            parameter.copy_(draw(*parameter.shape, seed=seed) - 0.5)
    return network


@pytest.mark.parametrize("shrinkage", ["sigshrink", "soft", "none"])
@pytest.mark.parametrize("field", [1, 3])
def test_it_is_the_summed_energy_of_the_scoring_path_in_the_papers_configuration(field: int, shrinkage: str) -> None:
    extractor = ResNet10Extractor()
    paper = DetectorConfig(
        extractor=ExtractorConfig(name="resnet10", neighbourhood=1),
        image_size=128,
        coding=coding(shrinkage=shrinkage, receptive_field=field),
        dictionary=DictionaryConfig(atoms=None),
        scoring=ScoringConfig(map="gradient", score="energy"),
    )
    support, queries = draw(3, 3, 128, 128).float(), draw(2, 3, 128, 128, seed=1).float()
    path = ScoringPath(extractor, paper)
    shots = list(path.atoms_of(path.embed(support)))
    dictionary = build_dictionary(shots, groups_per_shot=1, strengths=torch.ones(1), dims=64)
    scores, maps = ScoringPath(extractor, paper, dictionary)(queries)
    network = extractor.network

    def embed(x: Tensor) -> Tensor:
        return coder_inputs(network(2 * x - 1)[-1], (256,), coding=paper.coding)

    task = TaskEnergy(embed, support, paper.coding)
    torch.testing.assert_close(task(queries), scores * 16, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(gaussian_blur(gradient_map(task, queries), 4.0), maps, rtol=1e-3, atol=1e-4)


@METHODS
def test_pictures_and_their_features_define_the_same_task(method: str) -> None:
    config = coding(method=method)
    embed = embedding(small_network(), config)
    support, x = draw(3, 3, 9, 9), draw(2, 3, 9, 9, seed=1)
    from_pictures, from_features = TaskEnergy(embed, support, config), TaskEnergy(embed, embed(support), config)
    assert torch.equal(from_pictures(x), from_features(x))
    assert from_pictures(x).shape == (2,)
    assert from_pictures.residual(x).shape == (2, 16, 4)
    assert torch.equal(from_pictures.residual(x), from_pictures.residual_of(embed(x)))
    assert torch.equal(energy(from_pictures.residual(x)), from_pictures(x))


@METHODS
def test_pictures_do_not_touch_each_other(method: str) -> None:
    config = coding(method=method)
    task = TaskEnergy(embedding(small_network(), config), draw(3, 3, 9, 9), config)
    x = draw(4, 3, 9, 9, seed=1)
    torch.testing.assert_close(task(x), torch.cat([task(each[None]) for each in x]))


def test_a_picture_of_the_support_has_no_energy_to_its_nearest_neighbour() -> None:
    config = coding(method="nearest")
    support = draw(3, 3, 9, 9)
    task = TaskEnergy(embedding(small_network(), config), support, config)
    torch.testing.assert_close(task(support), torch.zeros(3, dtype=torch.float64))
    assert (task(draw(2, 3, 9, 9, seed=1)) > 1e-6).all()


@pytest.mark.parametrize("shrinkage", ["sigshrink", "soft"])
def test_the_gradient_reaches_support_and_query(shrinkage: str) -> None:
    config = coding(shrinkage=shrinkage, iterations=3)
    support, z = unit(2, 3, 5).requires_grad_(), unit(2, 3, 5, seed=1).requires_grad_()
    # The step is a constant of the solver: held still here, as the finite differences would move it.
    step = task_dictionary(support).lipschitz

    def whole(atoms: Tensor, x: Tensor) -> Tensor:
        dictionary = replace(task_dictionary(atoms), lipschitz=step)
        return energy(explain(x.flatten(0, 1), dictionary, config=config).view(x.shape))

    assert torch.autograd.gradcheck(whole, (support, z))
    assert torch.autograd.gradgradcheck(whole, (support, z))
    expected = torch.autograd.grad(whole(support, z).sum(), (support, z))
    task = TaskEnergy(lambda x: x, support, config)
    actual = torch.autograd.grad(energy(task.residual_of(z)).sum(), (support, z))
    for mine, right in zip(actual, expected, strict=True):
        torch.testing.assert_close(mine, right)
        assert mine.abs().max() > 1e-3


def test_the_network_learns_from_the_dictionary_too() -> None:
    config, network = coding(), small_network()
    embed, support, x = embedding(network, config), draw(3, 3, 9, 9), draw(2, 3, 9, 9, seed=1)
    through_both, through_queries = (
        torch.autograd.grad(TaskEnergy(embed, shots, config)(x).sum(), network[0].weight)[0]  # type: ignore[arg-type]
        for shots in (support, embed(support).detach())
    )
    assert (through_both - through_queries).abs().max() > 1e-3


def test_the_step_is_a_constant() -> None:
    dictionary = task_dictionary(unit(3, 4, 5).requires_grad_())
    assert dictionary.atoms.requires_grad
    assert not dictionary.lipschitz.requires_grad


@given(st.integers(1, 4), st.integers(1, 20), st.integers(1, 12), st.integers(0, 1000))
def test_the_lipschitz_constant_is_that_of_the_atoms(shots: int, positions: int, dims: int, seed: int) -> None:
    z = unit(shots, positions, dims, seed=seed)
    norm = np.linalg.norm(z.flatten(0, 1).numpy(), ord=2)
    assert float(task_dictionary(z).lipschitz) == pytest.approx(norm**2, rel=1e-9)
    assert float(task_dictionary(z.float()).lipschitz) >= norm**2 * (1 - 1e-5)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_the_objective_of_eq_5_never_rises(seed: int) -> None:
    # Atoms in a narrow cone, where a step of one explodes at once.
    z = F.normalize(1 + 0.3 * unit(4, 30, 6, seed=seed).float(), dim=-1)
    query, atoms, weight = unit(6, seed=seed + 1).float(), z.flatten(0, 1), 0.05
    step = 1 / task_dictionary(z).lipschitz
    assert step < 0.02
    objectives = []
    for iterations in (1, 2, 4, 8, 16, 300):
        codes = istc(atoms @ query, lambda a: atoms @ (a @ atoms), step=step, lambdas=[weight] * iterations)
        objectives.append(float((query - codes @ atoms).square().sum() / 2 + weight * codes.abs().sum()))
    assert all(later <= earlier + 1e-5 for earlier, later in pairwise(objectives))
    config = coding(shrinkage="soft", iterations=300, lambda_max=weight, lambda_min=weight)
    residual = TaskEnergy(lambda x: x, z, config).residual_of(query[None, None])
    torch.testing.assert_close(residual[0, 0], query - codes @ atoms)


def test_a_diverged_network_is_seen_in_the_energy_and_ends_nothing_here() -> None:
    config = coding()
    for bad in (torch.nan, torch.inf):
        z = unit(2, 3, 4)
        z[0, 0, 0] = bad
        task = TaskEnergy(lambda x: x, z, config)
        assert not energy(task.residual_of(unit(2, 3, 4, seed=1))).isfinite().any()


def test_the_coder_stays_precise_where_the_network_is_not() -> None:
    config = coding()
    z, queries = unit(2, 9, 16).float(), unit(2, 9, 16, seed=1).float()
    expected = energy(TaskEnergy(lambda x: x, z.bfloat16().float(), config).residual_of(queries.bfloat16().float()))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        task = TaskEnergy(lambda x: x, z.bfloat16(), config)
        residual = task.residual_of(queries.bfloat16())
        assert torch.is_autocast_enabled("cpu")
    assert residual.dtype == torch.float32
    torch.testing.assert_close(energy(residual), expected)


@pytest.mark.parametrize("method", ["local", "active"])
def test_solvers_that_need_more_than_atoms_are_refused(method: str) -> None:
    with pytest.raises(InputError, match=f"coding.method: expected full or nearest .*, got {method}"):
        TaskEnergy(lambda x: x, unit(2, 3, 4), coding(method=method))
