from __future__ import annotations

import itertools

import torch

from tenshot.training.randomness import numpy_generator, torch_generator


def test_every_place_and_purpose_draws_something_else_and_always_the_same() -> None:
    places = [(purpose, *numbers) for purpose in ("a", "b") for numbers in itertools.product(range(4), repeat=3)]
    by_numpy = [numpy_generator(*place).random() for place in places]
    by_torch = [float(torch.rand((), generator=torch_generator(*place), dtype=torch.float64)) for place in places]
    for drawn in (by_numpy, by_torch):
        assert len(set(drawn)) == len(places)
    assert by_numpy == [numpy_generator(*place).random() for place in places]
    assert by_torch[5] == float(torch.rand((), generator=torch_generator(*places[5]), dtype=torch.float64))


def test_neighbouring_places_have_nothing_in_common() -> None:
    drawn = torch.tensor([numpy_generator("episode", 0, step, 0).random() for step in range(4000)])
    assert abs(float(drawn.mean()) - 0.5) < 0.02
    assert abs(float(torch.corrcoef(torch.stack([drawn[1:], drawn[:-1]]))[0, 1])) < 0.05


def test_numbers_cannot_run_into_each_other() -> None:
    assert numpy_generator("x", 1, 23).random() != numpy_generator("x", 12, 3).random()
