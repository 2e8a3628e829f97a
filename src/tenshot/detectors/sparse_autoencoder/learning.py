"""Episodic training over products: reconstruct normal queries from codes over normal support."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.optim import Adam

from tenshot.detectors.sparse_autoencoder.network import SparseAutoEncoder
from tenshot.training import Episode, Objective, episodes, fit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

__all__ = ["EpisodicTraining", "SparseObjective", "train"]


@dataclass(frozen=True)
class EpisodicTraining:
    """How the network is trained.

    Attributes:
        steps: of the optimiser; 0 gives the untrained network.
        tasks: episodes in a step; the paper has 4.
        shots: K.
        queries: M; the paper has 10.
        rate: of Adam; the paper's is ten times smaller, for a far longer training.
    """

    steps: int = 900
    tasks: int = 2
    shots: int = 5
    queries: int = 5
    rate: float = 1e-3


class SparseObjective(Objective["Sequence[Episode]"]):
    """The query's mean squared error given the support, mean over episodes.

    Args:
        network: that is trained.
        training: how.
    """

    def __init__(self, network: SparseAutoEncoder, training: EpisodicTraining) -> None:
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
        return (self.network(query, self.network.condition(support)) - query).square().mean()


def train(
    tasks: Sequence[Tensor],
    seed: int,
    *,
    training: EpisodicTraining | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Tensor]:
    """Trains the network over products.

    Args:
        tasks: normal frames of each product, ``(N, 3, h, w)`` in [0, 1], N at least 2, sides multiples of 32, from 64.
        seed: of initial weights and of the order of episodes.
        training: how.
        progress: called after every step with the steps done and their total.

    Returns:
        The weights by name, for ``Materials.trained``.

    Raises:
        InputError: for no tasks, or one with fewer than two frames.
    """
    how = training or EpisodicTraining()
    generator = torch.Generator().manual_seed(seed)
    network = SparseAutoEncoder(generator)
    batches = episodes(tasks, shots=how.shots, queries=how.queries, size=how.tasks, generator=generator)
    fit(SparseObjective(network, how), batches, steps=how.steps, progress=progress)
    return {name: value.detach().clone() for name, value in network.state_dict().items()}
