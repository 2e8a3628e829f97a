from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors
from torch.nn import functional as F

from tenshot.coding import gather_volumes
from tenshot.core.config import CodingConfig
from tenshot.energy import Dictionary, build_dictionary, energy, explain

if TYPE_CHECKING:
    from torch import Tensor

METHODS = pytest.mark.parametrize("method", ["local", "active", "full", "nearest"])
SHRINKAGES = pytest.mark.parametrize("shrinkage", ["soft", "sigshrink"])


def unit(seed: int, count: int, dims: int = 6) -> Tensor:
    return F.normalize(torch.tensor(np.random.default_rng(seed).normal(size=(count, dims))), dim=1)


def dictionary_of(shots: list[Tensor], *, groups: int = 1, dims: int = 64) -> Dictionary:
    return build_dictionary(shots, groups_per_shot=groups, strengths=torch.ones(1), dims=dims)


def settings(method: str, **changes: Any) -> CodingConfig:
    return CodingConfig.model_validate({"method": method, **changes})


def test_the_energy_of_eq_8_by_hand() -> None:
    # Two positions of three channels: what is left are (1, -2, 0) and (0, 0, 3), then nothing but (0.5, 0, 0).
    residual = torch.tensor([[[1.0, -2.0, 0.0], [0.0, 0.0, 3.0]], [[0.5, 0.0, 0.0], [0.0, 0.0, 0.0]]])
    assert energy(residual).tolist() == [14.0, 0.25]


def test_the_energy_of_a_hand_computed_code() -> None:
    # With orthonormal atoms L = 1, and one step from zero is the solution: codes shrink by λ, and λ is what remains.
    atoms = torch.eye(3, dtype=torch.float64)[:2]
    dictionary = dictionary_of([atoms])
    z = torch.tensor([[0.6, 0.2, 0.7]], dtype=torch.float64)
    config = settings("full", iterations=1, lambda_max=0.25, lambda_min=0.25)
    residual = explain(z, dictionary, config=config)
    torch.testing.assert_close(residual, torch.tensor([[0.25, 0.2, 0.7]], dtype=torch.float64))
    assert float(energy(residual[None])) == pytest.approx(0.25**2 + 0.2**2 + 0.7**2)


@SHRINKAGES
def test_an_active_set_of_all_atoms_is_the_full_dictionary(shrinkage: str) -> None:
    dictionary = dictionary_of([unit(seed, 1) for seed in range(8)])
    bound = (dictionary.flat @ dictionary.flat.T).abs().sum(dim=1).amax()
    same_step = replace(dictionary, lipschitz=bound)
    z = unit(99, 5)
    active = explain(z, same_step, config=settings("active", active_atoms=8, shrinkage=shrinkage))
    full = explain(z, same_step, config=settings("full", shrinkage=shrinkage))
    torch.testing.assert_close(active, full)
    assert not torch.allclose(active, z)


@pytest.mark.parametrize("groups", [1, 3])
def test_nearest_is_the_nearest_neighbour(groups: int) -> None:
    shots = [unit(seed, 12) * (1 + seed) for seed in range(3)]
    z = unit(99, 20) * 2
    dictionary = dictionary_of(shots, groups=groups)
    distances, _ = NearestNeighbors(n_neighbors=1).fit(torch.cat(shots).numpy()).kneighbors(z.numpy())
    residual = explain(z, dictionary, config=settings("nearest"))
    np.testing.assert_allclose(residual.norm(dim=1).numpy(), distances[:, 0], rtol=1e-9)


@METHODS
@pytest.mark.parametrize("gone", [0, 1, 2])
def test_an_excluded_shot_is_as_if_it_had_never_been_there(method: str, gone: int) -> None:
    shots = [unit(seed, 8) for seed in range(3)]
    z = unit(99, 10)
    config = settings(method, active_atoms=3, iterations=30)
    whole = dictionary_of(shots, groups=2)
    without = dictionary_of([shot for index, shot in enumerate(shots) if index != gone], groups=2)
    # The step stays that of the whole dictionary: it is safe, and computed once.
    without = replace(without, lipschitz=whole.lipschitz)
    held_out = explain(z, whole, config=config, exclude=gone)
    torch.testing.assert_close(held_out, explain(z, without, config=config))
    assert not torch.allclose(held_out, explain(z, whole, config=config))


@METHODS
def test_a_memorised_feature_is_explained_and_once_held_out_it_is_not(method: str) -> None:
    shots = [unit(seed, 8) for seed in range(3)]
    config = settings(method, ridge=1e-4, iterations=2000, lambda_max=1e-4, lambda_min=1e-4, active_atoms=20)
    dictionary = dictionary_of(shots, groups=4)
    assert explain(shots[1], dictionary, config=config).norm(dim=1).max() < 1e-2
    assert explain(unit(99, 4), dictionary, config=config).isfinite().all()
    if method == "nearest":
        assert explain(shots[1], dictionary, config=config, exclude=1).norm(dim=1).min() > 0.1


@METHODS
def test_residuals_grow_with_the_distance_from_normal(method: str) -> None:
    shots = [F.normalize(torch.eye(6, dtype=torch.float64)[:2].repeat(4, 1) + 0.05 * unit(s, 8), dim=1) for s in (0, 1)]
    dictionary = dictionary_of(shots, groups=2)
    ramp = torch.linspace(0, 1, 5, dtype=torch.float64)[:, None]
    axes = torch.eye(6, dtype=torch.float64)
    z = F.normalize((1 - ramp) * axes[0] + ramp * axes[5], dim=1)
    norms = explain(z, dictionary, config=settings(method, iterations=50)).norm(dim=1)
    assert (norms.diff() > 0).all()


@METHODS
def test_positions_do_not_touch_each_other(method: str) -> None:
    dictionary = dictionary_of([unit(seed, 8) for seed in range(3)], groups=2)
    z = unit(99, 7)
    together = explain(z, dictionary, config=settings(method))
    apart = torch.cat([explain(each[None], dictionary, config=settings(method)) for each in z])
    torch.testing.assert_close(together, apart)


@pytest.mark.parametrize("method", ["local", "active"])
def test_searching_the_largest_directions_finds_what_lies_along_them(method: str) -> None:
    spread = torch.tensor([1e-3, 5.0, 1e-3, 4.0], dtype=torch.float64)
    dictionary = dictionary_of([unit(seed, 10, 4) * spread for seed in range(4)])
    z = unit(99, 10, 4) * spread
    exact, searched = (
        explain(z, dictionary, config=settings(method, active_atoms=2, search_dims=dims, lambda_max=1, lambda_min=0.1))
        for dims in (4, 2)
    )
    torch.testing.assert_close(exact, searched)


def test_the_active_set_has_the_size_it_is_asked_for() -> None:
    shots, z = [unit(seed, 10) for seed in range(5)], unit(99, 10)
    dictionary = dictionary_of(shots)
    nearest = explain(z, dictionary, config=settings("nearest"))
    # A single code that must be one leaves what the nearest neighbour leaves.
    torch.testing.assert_close(explain(z, dictionary, config=settings("local", active_atoms=1)), nearest)
    assert not torch.allclose(explain(z, dictionary, config=settings("local", active_atoms=2)), nearest)


@pytest.mark.parametrize("method", ["local", "active", "full"])
@SHRINKAGES
def test_gradients_are_right_from_features_to_energy(method: str, shrinkage: str) -> None:
    z = torch.tensor(np.random.default_rng(5).normal(size=(1, 2, 2, 3)), requires_grad=True)
    shots = [unit(seed, 4, 18) for seed in range(3)]
    dictionary = dictionary_of(shots, groups=2)
    config = settings(method, shrinkage=shrinkage, receptive_field=3, active_atoms=4)

    def whole(features: Tensor) -> Tensor:
        volumes = (gather_volumes(features, 3) / 3).flatten(2).mT
        return energy(torch.stack([explain(each, dictionary, config=config) for each in volumes]))

    assert torch.autograd.gradcheck(whole, (z,))


@METHODS
def test_single_precision_stays_close_to_double(method: str) -> None:
    shots, z = [unit(seed, 30, 32) for seed in range(4)], unit(99, 20, 32)
    exact = explain(z, dictionary_of(shots, groups=2), config=settings(method))
    short = explain(z.float(), dictionary_of([s.float() for s in shots], groups=2), config=settings(method))
    torch.testing.assert_close(short.double(), exact, atol=1e-4, rtol=0)


@pytest.mark.parametrize("method", ["local", "active", "nearest"])
def test_features_that_are_silent_everywhere_are_survived(method: str) -> None:
    shots = [torch.cat([torch.zeros(1, 6, dtype=torch.float64), unit(seed, 3)]) for seed in range(3)]
    residual = explain(torch.zeros(2, 6, dtype=torch.float64), dictionary_of(shots), config=settings(method))
    torch.testing.assert_close(residual, torch.zeros(2, 6, dtype=torch.float64), atol=1e-3, rtol=0)
