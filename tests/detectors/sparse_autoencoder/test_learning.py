from __future__ import annotations

import pytest
import torch

from tenshot.core.errors import InputError
from tenshot.detectors.sparse_autoencoder import train
from tenshot.detectors.sparse_autoencoder.learning import EpisodicTraining, SparseObjective
from tenshot.detectors.sparse_autoencoder.network import SparseAutoEncoder
from tenshot.training import Episode


def stripes(count: int, pitch: float, seed: int = 0) -> torch.Tensor:
    phase = torch.rand(count, generator=torch.Generator().manual_seed(seed)).view(-1, 1, 1, 1)
    return 0.5 + 0.4 * torch.sin(torch.arange(64) / pitch + phase).expand(count, 3, 64, 64)


TASKS = [stripes(6, 6), stripes(6, 10)]
TINY = EpisodicTraining(steps=2, tasks=1, shots=2, queries=2)


def test_training_lowers_the_loss_of_a_product_it_knows() -> None:
    losses = []
    for steps in (0, 25):
        how = EpisodicTraining(steps=steps, tasks=1, shots=2, queries=2, rate=1e-3)
        network = SparseAutoEncoder(torch.Generator().manual_seed(0))
        network.load_state_dict(train(TASKS[:1], 0, training=how))
        losses.append(SparseObjective(network, how).loss([Episode(TASKS[0][:2], TASKS[0][2:4])]).item())
    assert losses[1] < 0.8 * losses[0]


def test_the_loss_is_the_mean_over_episodes() -> None:
    objective = SparseObjective(SparseAutoEncoder(torch.Generator().manual_seed(0)), TINY)
    both = [Episode(task[:2], task[2:4]) for task in TASKS]
    single = [objective.loss([episode]).item() for episode in both]
    assert objective.loss(both).item() == pytest.approx(sum(single) / 2, rel=1e-5)


def test_the_same_seed_gives_the_same_weights_to_the_bit() -> None:
    first, same, other = (train(TASKS, seed, training=TINY) for seed in (0, 0, 1))
    assert all(torch.equal(value, same[name]) for name, value in first.items())
    assert any(not torch.equal(value, other[name]) for name, value in first.items())


def test_progress_is_told() -> None:
    told = []
    train(TASKS, 0, training=TINY, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize("tasks", [[], [stripes(1, 6)]])
def test_tasks_that_cannot_teach_are_refused(tasks: list[torch.Tensor]) -> None:
    with pytest.raises(InputError, match="tasks: expected at least one"):
        train(tasks, 0, training=TINY)
