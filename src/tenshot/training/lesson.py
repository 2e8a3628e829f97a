"""What the engine trains: a lesson says what is seen, what is lowered, what is worth a look; it knows no loop."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from torch import Tensor

__all__ = ["Lesson", "Outcome", "averaged"]


class Outcome(NamedTuple):
    """What came of a batch.

    Attributes:
        loss: a scalar with a gradient, the mean over the batch's episodes; smaller is better.
        facts: what is worth logging, numbers or scalars, means over the batch as well. Some may be missing at some
            steps, though at the same ones whatever the indices; the log takes the mean of those that are there.
    """

    loss: Tensor
    facts: Mapping[str, float | Tensor]


def averaged(judged: Sequence[tuple[Tensor, Mapping[str, Tensor]]]) -> Outcome:
    """The mean over a batch of which every episode has a loss and the same facts."""
    loss = torch.stack([each for each, _ in judged]).mean()
    return Outcome(loss, {name: torch.stack([facts[name] for _, facts in judged]).mean() for name in judged[0][1]})


class Lesson(nn.Module, ABC):
    """The networks, frozen ones included, as submodules, and what is done with them.

    Everything random is a function of the step and the index, and torch's global generator is not used: a training that
    was killed goes on as if nothing had been, and any number of processes sees the same.
    """

    @abstractmethod
    def batch(self, step: int, indices: Sequence[int]) -> Any:  # noqa: ANN401 - a lesson's own affair
        """What a step sees: tensors, or tuples, lists, dicts or dataclasses of them, which go to the device.

        Args:
            step: of the optimiser, from 0.
            indices: of episodes within the step, each from 0 to ``episodes_per_step * accumulate - 1``.

        Raises:
            MissingError: for data that are no longer there.
        """

    @abstractmethod
    def outcome(self, batch: Any, step: int) -> Outcome:  # noqa: ANN401 - as above
        """The loss of a batch and the facts worth logging.

        Args:
            batch: as ``batch`` gave it, on the device.
            step: of the optimiser, from 0.
        """

    @abstractmethod
    def trained(self) -> Iterable[nn.Parameter]:
        """The parameters that are trained; the engine freezes all others."""

    def freeze_others(self) -> None:
        """Leaves gradients to what is trained."""
        trained = {id(parameter) for parameter in self.trained()}
        for parameter in self.parameters():
            parameter.requires_grad = id(parameter) in trained

    def check(self, step: int, history: Sequence[Mapping[str, float]]) -> None:
        """Raises if training has come to nothing; to be overridden.

        Args:
            step: steps done.
            history: rows of the log so far: ``step``, ``loss``, the facts.

        Raises:
            TrainingError: naming the sign of the collapse.
        """

    def pictures(self, step: int) -> Mapping[str, Tensor]:  # noqa: ARG002 - for those who override it
        """Sheets of pictures by caption, each ``(rows, columns, 3, h, w)`` in [0, 1]; none unless overridden.

        Args:
            step: steps done.
        """
        return {}

    @abstractmethod
    def weights(self) -> tuple[dict[str, Tensor], dict[str, str]]:
        """What comes of it all: tensors by name and the metadata of their safetensors file."""

    def best(self) -> tuple[dict[str, Tensor], dict[str, str]] | None:
        """The best weights so far, as ``weights`` gives them, if there are better ones than when asked last.

        What "better" means is the lesson's affair; ``None`` unless overridden.
        """
        return None
