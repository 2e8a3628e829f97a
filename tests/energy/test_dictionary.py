from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tenshot.energy import build_dictionary, farthest_first


def points(seed: int, count: int, dims: int = 3) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(seed).normal(size=(count, dims)))


def greedy(cloud: np.ndarray, count: int) -> list[int]:
    """k-centre by the definition: always the point farthest from all those already taken."""
    order = [int(np.square(cloud - cloud.mean(axis=0)).sum(axis=1).argmax())]
    while len(order) < count:
        gaps = np.square(cloud[:, None] - cloud[order]).sum(axis=2).min(axis=1)
        order.append(int(gaps.argmax()))
    return order


@given(st.integers(0, 1000), st.integers(1, 25), st.integers(1, 25))
def test_the_order_is_the_greedy_one(seed: int, count: int, wanted: int) -> None:
    cloud = points(seed, count)
    wanted = min(wanted, count)
    order = farthest_first(cloud, wanted)
    assert order.dtype == torch.int64
    assert order.tolist() == greedy(cloud.numpy(), wanted)
    assert len(set(order.tolist())) == wanted


def test_prefixes_are_nested_and_repeatable() -> None:
    cloud = points(0, 200, 16).float()
    longest = farthest_first(cloud, 100)
    for count in (1, 2, 17, 99, 100):
        assert torch.equal(farthest_first(cloud, count), longest[:count])


def test_a_prefix_covers_every_cluster_before_it_repeats_one() -> None:
    centres = 100 * torch.eye(6, dtype=torch.float64)
    cloud = (centres[:, None] + 0.1 * points(1, 60, 6).view(6, 10, 6)).flatten(0, 1)
    assert sorted((farthest_first(cloud, 6) // 10).tolist()) == list(range(6))


def test_every_group_belongs_to_one_shot_and_none_is_lost() -> None:
    shots = [points(seed, 6) for seed in range(3)]
    dictionary = build_dictionary(shots, groups_per_shot=2, strengths=torch.tensor([3.0, 4.0]), dims=2)
    assert dictionary.atoms.shape == (6, 3, 3)
    assert dictionary.owners.tolist() == [0, 0, 1, 1, 2, 2]
    assert dictionary.strengths.tolist() == [3.0, 4.0]
    for index, shot in enumerate(shots):
        own = dictionary.atoms[dictionary.owners == index].flatten(0, 1)
        assert {tuple(row) for row in own.tolist()} == {tuple(row) for row in shot.tolist()}


def test_the_first_and_most_different_atoms_are_spread_over_the_groups() -> None:
    shot = torch.arange(8.0)[:, None].expand(8, 3)
    dictionary = build_dictionary([shot], groups_per_shot=4, strengths=torch.ones(1), dims=3)
    assert sorted(dictionary.atoms[:, 0, 0].tolist()) == [0.0, 1.0, 2.0, 3.0]


def test_groups_that_do_not_divide_evenly_lose_no_atom() -> None:
    dictionary = build_dictionary([points(0, 7)], groups_per_shot=3, strengths=torch.ones(1), dims=3)
    assert dictionary.atoms.shape == (3, 3, 3)
    assert {tuple(row) for row in dictionary.flat.tolist()} == {tuple(row) for row in points(0, 7).tolist()}


def test_the_lipschitz_constant_is_that_of_all_atoms() -> None:
    shots = [points(seed, 5) for seed in range(2)]
    dictionary = build_dictionary(shots, groups_per_shot=1, strengths=torch.ones(1), dims=3)
    norm = np.linalg.norm(torch.cat(shots).numpy(), ord=2)
    assert float(dictionary.lipschitz) == pytest.approx(norm**2)


@pytest.mark.parametrize("wanted", [1, 4, 8, 100])
def test_the_search_looks_along_the_principal_directions(wanted: int) -> None:
    stretched = points(0, 50, 8) * torch.tensor([9.0, 8, 7, 6, 5, 4, 3, 2], dtype=torch.float64) + 5
    dictionary = build_dictionary([stretched], groups_per_shot=1, strengths=torch.ones(1), dims=wanted)
    rank = min(wanted, 8)
    assert dictionary.projection.shape == (8, rank)
    identity = torch.eye(rank, dtype=torch.float64)
    torch.testing.assert_close(dictionary.projection.T @ dictionary.projection, identity)
    torch.testing.assert_close(dictionary.keys, dictionary.flat @ dictionary.projection)
    singular = np.linalg.svd(stretched.numpy(), compute_uv=False)
    np.testing.assert_allclose(dictionary.keys.square().sum(dim=0).numpy(), np.square(singular[:rank]))
