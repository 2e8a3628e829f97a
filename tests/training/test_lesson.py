from __future__ import annotations

import torch

from tenshot.training.lesson import averaged


def test_a_batch_is_the_mean_of_its_episodes() -> None:
    first = (torch.tensor(1.0, requires_grad=True), {"energy": torch.tensor(2.0)})
    second = (torch.tensor(4.0), {"energy": torch.tensor(6.0)})
    loss, facts = averaged([first, second])
    loss.backward()
    assert (loss.item(), first[0].grad, facts) == (2.5, 0.5, {"energy": 4.0})
