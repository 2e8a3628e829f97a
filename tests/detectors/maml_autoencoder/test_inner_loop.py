from __future__ import annotations

import pytest
import torch
from torch.autograd import gradcheck

from tenshot.detectors.maml_autoencoder.inner_loop import descend

CURVATURE = 1.5
CENTRE = 2.0
TARGET = -1.0
RATE = 0.3


def support_loss(parameters: dict[str, torch.Tensor]) -> torch.Tensor:
    """A bowl around ``CENTRE``."""
    return CURVATURE * (parameters["w"] - CENTRE).square().sum() / 2


def start(value: float = 0.5) -> dict[str, torch.Tensor]:
    return {"w": torch.tensor([value], dtype=torch.float64, requires_grad=True)}


@pytest.mark.parametrize("steps", [0, 1, 5])
def test_it_descends_as_the_closed_form_says(steps: int) -> None:
    """In a bowl every step multiplies the distance to its centre by 1 - α a."""
    theta = start()
    adapted = descend(support_loss, theta, steps=steps, rate=RATE, second_order=False)
    expected = CENTRE + (1 - RATE * CURVATURE) ** steps * (0.5 - CENTRE)
    assert adapted["w"].item() == pytest.approx(expected, rel=1e-12)
    assert theta["w"].item() == 0.5


@pytest.mark.parametrize("steps", [1, 5])
@pytest.mark.parametrize("second_order", [True, False])
def test_the_outer_gradient_equals_the_closed_form(steps: int, second_order: bool) -> None:
    """d/dθ ½ (θ_n - t)² = (θ_n - t) (1 - α a)ⁿ; first order leaves the second factor out."""
    theta = start()
    adapted = descend(support_loss, theta, steps=steps, rate=RATE, second_order=second_order)
    (gradient,) = torch.autograd.grad((adapted["w"] - TARGET).square().sum() / 2, theta["w"])
    factor = (1 - RATE * CURVATURE) ** steps if second_order else 1
    assert gradient.item() == pytest.approx((adapted["w"].item() - TARGET) * factor, rel=1e-12)


def test_second_derivatives_are_those_of_a_curved_loss() -> None:
    def outer(w: torch.Tensor) -> torch.Tensor:
        adapted = descend(
            lambda now: (now["w"] ** 4).sum() + torch.sin(now["w"]).sum(),
            {"w": w},
            steps=3,
            rate=0.05,
            second_order=True,
        )
        return adapted["w"].square().sum()

    assert gradcheck(outer, torch.tensor([0.7, -0.4], dtype=torch.float64, requires_grad=True))
