from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import sparse_encode
from sklearn.linear_model import Lasso

from tenshot.coding import istc, lambda_schedule, squared_norm
from tenshot.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from tenshot.coding import Shrinkage

RATES = st.floats(1e-6, 1e3)
SHAPES = pytest.mark.parametrize(("atoms", "dims"), [(16, 8), (6, 16)], ids=["M > d", "M < d"])


def problem(seed: int, atoms: int, dims: int, signals: int = 4) -> tuple[Tensor, Tensor]:
    """Unit-norm atoms ``(M, d)`` and unit-norm features ``(P, d)`` in float64."""
    random = torch.Generator().manual_seed(seed)
    both = torch.randn(atoms + signals, dims, generator=random, dtype=torch.float64)
    both = torch.nn.functional.normalize(both, dim=1)
    return both[:atoms], both[atoms:]


def solve(atoms: Tensor, z: Tensor, lambdas: Sequence[float], **options: Any) -> Tensor:
    """Codes by the full Gram matrix, of one problem or of a stack of them."""
    options.setdefault("step", 1 / squared_norm(atoms)[..., None, None])
    gram = atoms @ atoms.mT
    return istc(z @ atoms.mT, lambda a: a @ gram, lambdas=lambdas, **options)


def lasso(atoms: Tensor, z: Tensor, weight: float) -> Tensor:
    """The same codes by scikit-learn, which divides the squared error by the number of samples, here dimensions."""
    solver = Lasso(alpha=weight / atoms.shape[1], fit_intercept=False, tol=1e-13, max_iter=100_000)
    return torch.tensor(solver.fit(atoms.mT.numpy(), z.mT.numpy()).coef_)


def objective(codes: Tensor, atoms: Tensor, z: Tensor, weight: float) -> float:
    """Eq. 5."""
    return float(0.5 * (z - codes @ atoms).square().sum() + weight * codes.abs().sum())


@pytest.mark.parametrize("weight", [0.05, 0.3])
@SHAPES
def test_iterated_at_one_lambda_it_reaches_the_lasso_solution(weight: float, atoms: int, dims: int) -> None:
    problems = [problem(seed, atoms, dims) for seed in range(4)]
    expected = torch.stack([lasso(*each, weight) for each in problems])
    dictionaries, z = map(torch.stack, zip(*problems, strict=True))
    codes = solve(dictionaries, z, [weight] * 20_000)
    assert (expected.abs().amax(dim=(1, 2)) > 0.1).all(), "a solution of zeros would prove nothing"
    torch.testing.assert_close(codes, expected, atol=1e-6, rtol=0)


def test_it_reaches_what_sparse_encode_finds_by_another_route() -> None:
    dictionary, z = problem(5, 12, 8)
    path = sparse_encode(z.numpy(), dictionary.numpy(), algorithm="lasso_lars", alpha=0.2)
    torch.testing.assert_close(solve(dictionary, z, [0.2] * 4000), torch.tensor(path), atol=1e-6, rtol=0)


def test_continuation_ends_at_the_solution_of_its_last_lambda() -> None:
    dictionary, z = problem(0, 12, 8)
    codes = solve(dictionary, z, [*lambda_schedule(0.3, 0.05, 100), *[0.05] * 4000])
    torch.testing.assert_close(codes, lasso(dictionary, z, 0.05), atol=1e-6, rtol=0)


def test_eight_iterations_do_not_converge_by_intent() -> None:
    dictionary, z = problem(0, 12, 8)
    assert (solve(dictionary, z, lambda_schedule(0.3, 0.05, 8)) - lasso(dictionary, z, 0.05)).abs().max() > 0.01


@pytest.mark.parametrize("seed", range(3))
@SHAPES
def test_every_step_lowers_the_objective(seed: int, atoms: int, dims: int) -> None:
    dictionary, z = problem(seed, atoms, dims)
    values = [objective(solve(dictionary, z, [0.1] * n), dictionary, z, 0.1) for n in range(40)]
    assert all(later <= earlier + 1e-12 for earlier, later in itertools.pairwise(values))
    assert values[-1] < values[0] - 0.01


def test_without_the_step_it_diverges_as_eq_6_does_in_print() -> None:
    dictionary, z = problem(0, 160, 64)
    assert squared_norm(dictionary) > 2, "beyond this, plain gradient steps overshoot"
    printed = solve(dictionary, z, [0.05] * 10, step=1.0)
    mended = solve(dictionary, z, [0.05] * 10)
    assert objective(printed, dictionary, z, 0.05) > 1e6
    assert objective(mended, dictionary, z, 0.05) < objective(torch.zeros_like(mended), dictionary, z, 0.05)


def test_a_smaller_step_reaches_the_same_solution() -> None:
    dictionary, z = problem(1, 6, 16)
    row_sums = (dictionary @ dictionary.T).abs().sum(dim=1).amax()
    assert row_sums > squared_norm(dictionary)
    cautious = solve(dictionary, z, [0.1] * 1000, step=1 / row_sums)
    torch.testing.assert_close(cautious, lasso(dictionary, z, 0.1), atol=1e-7, rtol=0)


@pytest.mark.parametrize("shrinkage", ["soft", "sigshrink"])
def test_a_step_is_a_change_of_scale(shrinkage: Shrinkage) -> None:
    dictionary, z = problem(2, 24, 8)
    step = float(1 / squared_norm(dictionary))
    scaled = dictionary * math.sqrt(step)
    stepped = solve(dictionary, z, [0.3, 0.1, 0.05], step=step, shrinkage=shrinkage, sharpness=50.0)
    plain = istc(
        step * (z @ dictionary.T),
        lambda a: (a @ scaled) @ scaled.T,
        step=1.0,
        lambdas=[0.3 * step, 0.1 * step, 0.05 * step],
        shrinkage=shrinkage,
        sharpness=50.0 / step,
    )
    torch.testing.assert_close(stepped, plain)
    assert stepped.abs().max() > 0.01


def test_a_step_per_position_is_broadcast() -> None:
    dictionary, z = problem(3, 24, 8)
    steps = torch.tensor([[0.05], [0.1], [0.02], [0.2]], dtype=torch.float64)
    together = solve(dictionary, z, [0.2, 0.1], step=steps, shrinkage="sigshrink")
    apart = [solve(dictionary, z[i : i + 1], [0.2, 0.1], step=float(steps[i]), shrinkage="sigshrink") for i in range(4)]
    torch.testing.assert_close(together, torch.cat(apart))


@pytest.mark.parametrize("shrinkage", ["soft", "sigshrink"])
def test_gradients_flow_through_all_iterations(shrinkage: Shrinkage) -> None:
    dictionary, z = problem(4, 12, 6)

    def codes(features: Tensor, atoms: Tensor) -> Tensor:
        return solve(atoms, features, lambda_schedule(0.3, 0.05, 8), step=0.25, shrinkage=shrinkage)

    assert squared_norm(dictionary) < 4
    inputs = (z.requires_grad_(), dictionary.requires_grad_())
    assert codes(*inputs).abs().sum() > 0.1
    assert torch.autograd.gradcheck(codes, inputs)


@given(RATES, RATES, st.integers(1, 40))
def test_the_schedule_falls_from_one_end_to_the_other(one: float, other: float, steps: int) -> None:
    lowest, highest = sorted((one, other))
    values = lambda_schedule(highest, lowest, steps)
    assert len(values) == steps
    assert values[-1] == lowest, "exactly"
    assert steps == 1 or values[0] == highest, "exactly"
    assert all(later <= earlier * (1 + 1e-12) for earlier, later in itertools.pairwise(values))
    if steps > 1:
        np.testing.assert_allclose(values, np.geomspace(highest, lowest, steps), rtol=1e-9)


def test_the_schedule_of_the_paper() -> None:
    values = lambda_schedule(0.3, 0.05, 8)
    assert (values[0], values[-1], len(values)) == (0.3, 0.05, 8)
    ratios = [later / earlier for earlier, later in itertools.pairwise(values)]
    assert ratios == pytest.approx([(0.05 / 0.3) ** (1 / 7)] * 7)


@pytest.mark.parametrize(
    ("highest", "lowest", "steps"), [(0.3, 0.0, 8), (0.3, -0.1, 8), (0.05, 0.3, 8), (0.3, 0.05, 0), (math.nan, 0.1, 3)]
)
def test_impossible_schedules_are_refused(highest: float, lowest: float, steps: int) -> None:
    with pytest.raises(InputError, match="schedule: expected 0 < lambda_min <= lambda_max and steps >= 1"):
        lambda_schedule(highest, lowest, steps)


@pytest.mark.parametrize("shape", [(3, 9), (9, 3), (5, 5), (1, 4), (2, 7, 3)])
def test_the_squared_norm_is_the_largest_squared_singular_value(shape: tuple[int, ...]) -> None:
    atoms = np.random.default_rng(0).normal(size=shape)
    expected = np.linalg.svd(atoms, compute_uv=False)[..., 0] ** 2
    np.testing.assert_allclose(squared_norm(torch.tensor(atoms)).numpy(), expected, rtol=1e-12)


def test_the_squared_norm_of_degenerate_dictionaries() -> None:
    assert squared_norm(torch.zeros(4, 3)) == 0
    twice = torch.tensor([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    assert float(squared_norm(twice)) == pytest.approx(2)
