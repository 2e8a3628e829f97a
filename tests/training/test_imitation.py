from __future__ import annotations

import numpy as np
import pytest
import torch

from tenshot.training.imitation import cosine_distance, drawn_positions, similarity_distance


def _maps(seed: int, channels: int) -> torch.Tensor:
    return torch.randn(2, channels, 3, 4, generator=torch.Generator().manual_seed(seed))


def test_the_cosine_distance_is_the_mean_over_positions() -> None:
    student, teacher = _maps(0, 5), _maps(1, 5)
    expected = []
    for picture, wanted in zip(student.numpy(), teacher.numpy(), strict=True):
        for y in range(3):
            for x in range(4):
                a, b = picture[:, y, x], wanted[:, y, x]
                expected.append(1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    assert cosine_distance(student, teacher).item() == pytest.approx(np.mean(expected), rel=1e-5)
    assert cosine_distance(3 * teacher, teacher).item() == pytest.approx(0, abs=1e-6)


def test_similarities_are_compared_pair_by_pair() -> None:
    student, teacher = _maps(0, 5), _maps(1, 7)
    positions = torch.tensor([0, 5, 13, 23])
    grams = []
    for z in (student, teacher):
        rows = np.stack([z[p // 12, :, p % 12 // 4, p % 4].numpy() for p in positions.tolist()])
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        grams.append(rows @ rows.T)
    expected = ((grams[0] - grams[1]) ** 2).mean() / grams[1].var(ddof=1)
    assert similarity_distance(student, teacher, positions).item() == pytest.approx(expected, rel=1e-4)


def test_similarities_do_not_change_with_a_rotation_of_the_channels() -> None:
    teacher = _maps(1, 7)
    turn = torch.linalg.qr(_maps(2, 49)[0, :, 0, 0].view(7, 7)).Q
    assert similarity_distance(torch.einsum("ij,bjhw->bihw", turn, teacher), teacher, torch.arange(24)) < 1e-6
    # All alike is no division by zero.
    assert similarity_distance(teacher, torch.ones(2, 3, 3, 4), torch.arange(24)).isfinite()


def test_positions_are_drawn_without_replacement_and_by_the_generator_alone() -> None:
    z = _maps(0, 5)
    first, again = (drawn_positions(z, 10, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, again)
    assert len(set(first.tolist())) == 10
    assert 0 <= first.min() <= first.max() < 24
    assert sorted(drawn_positions(z, 100, torch.Generator().manual_seed(3)).tolist()) == list(range(24))
