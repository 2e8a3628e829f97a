from __future__ import annotations

import pytest
import torch

from tenshot.core.errors import InputError
from tenshot.detectors.maml_autoencoder import train
from tenshot.detectors.maml_autoencoder.learning import EpisodicTraining, MamlObjective
from tenshot.detectors.maml_autoencoder.network import ResNetAutoEncoder
from tenshot.training import Episode


def stripes(count: int, pitch: float, seed: int = 0) -> torch.Tensor:
    phase = torch.rand(count, generator=torch.Generator().manual_seed(seed)).view(-1, 1, 1, 1)
    return 0.5 + 0.4 * torch.sin(torch.arange(64) / pitch + phase).expand(count, 3, 64, 64)


def network(seed: int = 0) -> ResNetAutoEncoder:
    return ResNetAutoEncoder(torch.Generator().manual_seed(seed))


TASKS = [stripes(6, 6), stripes(6, 10)]
TINY = EpisodicTraining(steps=2, tasks=1, shots=2, queries=2, inner_steps=2)


def test_the_query_is_reconstructed_with_what_the_support_taught() -> None:
    """By hand: descend, measure the support's statistics, reconstruct the query with both."""
    net = network()
    support, query = TASKS[0][:2], TASKS[0][2:4]
    found = MamlObjective(net, TINY).loss([Episode(support, query)])
    by_hand = network()
    for _ in range(2):
        loss = (by_hand(support)[0] - support).square().mean()
        by_hand.zero_grad()
        loss.backward()
        with torch.no_grad():
            for parameter in by_hand.parameters():
                parameter.sub_(TINY.inner_rate * parameter.grad)
    with torch.no_grad():
        _, statistics = by_hand(support)
        expected = (by_hand(query, statistics)[0] - query).square().mean()
    torch.testing.assert_close(found.detach(), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("second_order", [False, True])
def test_every_part_of_the_start_is_taught(second_order: bool) -> None:
    net = network()
    how = EpisodicTraining(inner_steps=1, second_order=second_order)
    MamlObjective(net, how).loss([Episode(TASKS[0][:2], TASKS[0][2:4])]).backward()
    untaught = [name for name, each in net.named_parameters() if each.grad is None or not each.grad.any()]
    assert untaught == []


def test_the_orders_differ() -> None:
    gradients = []
    for second_order in (False, True):
        net = network()
        how = EpisodicTraining(inner_steps=2, second_order=second_order)
        MamlObjective(net, how).loss([Episode(TASKS[0][:2], TASKS[0][2:4])]).backward()
        gradients.append(net.decoder.last.weight.grad)
    assert not torch.allclose(*gradients, rtol=1e-3)


def test_training_lowers_the_loss_of_an_unseen_product() -> None:
    unseen = stripes(4, 8, seed=5)
    losses = []
    for steps in (0, 10):
        net = network()
        how = EpisodicTraining(steps=steps, tasks=1, shots=2, queries=2, inner_steps=2, rate=1e-3)
        net.load_state_dict(train(TASKS, 0, training=how))
        losses.append(MamlObjective(net, how).loss([Episode(unseen[:2], unseen[2:])]).item())
    assert losses[1] < 0.85 * losses[0]


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
