from __future__ import annotations

import pytest
import torch

from tenshot.energy import directions
from tenshot.training.learning_adapter import LearningAdapter
from tenshot.training.lesson_settings import AdapterSettings

CHANNELS = (3, 5)


def _rows() -> torch.Tensor:
    return torch.randn(7, 8, generator=torch.Generator().manual_seed(0))


def _moved(settings: AdapterSettings) -> LearningAdapter:
    adapter = LearningAdapter(CHANNELS, settings=settings)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in adapter.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.3)
    return adapter


@pytest.mark.parametrize("rank", [0, 2])
def test_a_new_one_changes_nothing(rank: int) -> None:
    adapter = LearningAdapter(CHANNELS, settings=AdapterSettings(rank=rank))
    expected = directions(_rows()[:, :, None, None], CHANNELS)[:, :, 0, 0]
    torch.testing.assert_close(adapter(_rows()), expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize("rank", [0, 2])
def test_rows_are_adapted_as_the_plain_adapter_adapts_maps(rank: int) -> None:
    adapter = _moved(AdapterSettings(rank=rank))
    plain = adapter.plain()
    maps = _rows().view(1, 7, 8).mT.unsqueeze(-1)
    expected = directions(plain.on_joined(maps), CHANNELS, plain.balance)[0, :, :, 0].T
    torch.testing.assert_close(adapter(_rows()), expected)
    pictures = _rows().half().view(1, 7, 8).repeat(2, 1, 1)
    torch.testing.assert_close(adapter.of_pictures(pictures)[1], adapter(_rows().half().float()))


def test_only_what_is_switched_on_is_trained() -> None:
    names = {
        "scale": {"log_scale.0", "log_scale.1"},
        "balance": {"log_balance"},
        "rank": {"down.0", "down.1", "up.0", "up.1"},
    }
    for chosen, expected in names.items():
        switches = {"scale": False, "balance": False, "rank": 0, chosen: True if chosen != "rank" else 2}
        adapter = LearningAdapter(CHANNELS, settings=AdapterSettings.model_validate(switches))
        trained = {id(parameter) for parameter in adapter.trained()}
        assert {name for name, each in adapter.named_parameters() if id(each) in trained} == expected
