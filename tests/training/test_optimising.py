from __future__ import annotations

import pytest
import torch
from torch import nn

from tenshot.training.optimising import build_optimiser, set_rate
from tenshot.training.run_settings import OptimiserSettings


@pytest.mark.parametrize(("name", "kind"), [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)])
def test_an_optimiser_is_what_the_settings_say(name: str, kind: type[torch.optim.Optimizer]) -> None:
    settings = OptimiserSettings.model_validate(
        {"name": name, "learning_rate": 0.5, "betas": (0.8, 0.9), "epsilon": 1e-3, "weight_decay": 0.1}
    )
    weight = nn.Parameter(torch.zeros(2))
    optimiser = build_optimiser([weight], settings)
    assert type(optimiser) is kind
    (group,) = optimiser.param_groups
    assert group["params"] == [weight]
    assert [group[key] for key in ("lr", "betas", "eps", "weight_decay")] == [0.5, (0.8, 0.9), 1e-3, 0.1]


def test_a_rate_is_set_for_everything() -> None:
    weights = [nn.Parameter(torch.zeros(1)) for _ in range(2)]
    optimiser = torch.optim.SGD([{"params": [weight]} for weight in weights], lr=1.0)
    set_rate(optimiser, 0.25)
    assert [group["lr"] for group in optimiser.param_groups] == [0.25, 0.25]
