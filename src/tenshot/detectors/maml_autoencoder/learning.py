"""Episodic training over products (appendix A.3): a start from which five steps on the support serve the query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.optim import Adam

from tenshot.detectors.maml_autoencoder.inner_loop import RATE, STEPS, descend
from tenshot.detectors.maml_autoencoder.network import ResNetAutoEncoder, reconstruct, support_loss
from tenshot.training import Episode, Objective, episodes, fit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

__all__ = ["EpisodicTraining", "MamlObjective", "train"]


@dataclass(frozen=True)
class EpisodicTraining:
    """How the start is learned.

    Attributes:
        steps: of the outer optimiser; 0 gives the untrained start.
        tasks: episodes in a step; the paper has 4.
        shots: K.
        queries: M; the paper has 10.
        rate: of the outer Adam; the paper's is ten times smaller, for a far longer training.
        inner_steps: as in the paper.
        inner_rate: of the inner gradient descent; the paper does not say.
        second_order: whether second derivatives are used; see ``descend``.
    """

    steps: int = 300
    tasks: int = 2
    shots: int = 5
    queries: int = 5
    rate: float = 1e-3
    inner_steps: int = STEPS
    inner_rate: float = RATE
    second_order: bool = False


class MamlObjective(Objective["Sequence[Episode]"]):
    """The query's mean squared error after adaptation to the support, mean over episodes.

    Args:
        network: whose parameters are the start that is learned.
        training: how.
    """

    def __init__(self, network: ResNetAutoEncoder, training: EpisodicTraining) -> None:
        super().__init__()
        self.network = network
        self.how = training

    def loss(self, batch: Sequence[Episode]) -> Tensor:
        """See ``Objective.loss``."""
        return torch.stack([self._query_loss(each.support, each.query) for each in batch]).mean()

    def optimiser(self) -> Adam:
        """See ``Objective.optimiser``."""
        return Adam(self.network.parameters(), lr=self.how.rate)

    def _query_loss(self, support: Tensor, query: Tensor) -> Tensor:
        adapted = descend(
            lambda parameters: support_loss(self.network, parameters, support),
            dict(self.network.named_parameters()),
            steps=self.how.inner_steps,
            rate=self.how.inner_rate,
            second_order=self.how.second_order,
        )
        _, statistics = reconstruct(self.network, adapted, support)
        return (reconstruct(self.network, adapted, query, statistics)[0] - query).square().mean()


def train(
    tasks: Sequence[Tensor],
    seed: int,
    *,
    training: EpisodicTraining | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Tensor]:
    """Learns a start over products.

    Args:
        tasks: normal frames of each product, ``(N, 3, h, w)`` in [0, 1], N at least 2, sides multiples of 32, from 64.
        seed: of initial weights and of the order of episodes.
        training: how.
        progress: called after every step with the steps done and their total.

    Returns:
        The start by name, for ``Materials.trained``.

    Raises:
        InputError: for no tasks, or one with fewer than two frames.
    """
    how = training or EpisodicTraining()
    generator = torch.Generator().manual_seed(seed)
    network = ResNetAutoEncoder(generator)
    batches = episodes(tasks, shots=how.shots, queries=how.queries, size=how.tasks, generator=generator)
    fit(MamlObjective(network, how), batches, steps=how.steps, progress=progress)
    return {name: value.detach().clone() for name, value in network.state_dict().items()}
