from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tenshot.negatives import corrupt, damage, noise_start
from tenshot.training.corrupting import corrupted_queries
from tenshot.training.episode import EpisodeSampler
from tenshot.training.randomness import torch_generator
from tenshot.training.sampling import Episode
from tenshot.training.settings import EpisodeSettings, NegativeSettings
from tenshot.training.task_source import TaskSource
from tenshot.training.tasks import gather_tasks

PLACE = (0, 2, 1)
QUERIES = 12
SIDE = 48


def sampler_of(*sources: dict[str, Any]) -> EpisodeSampler:
    how = EpisodeSettings(shots=1, queries=QUERIES, image_size=SIDE)
    tasks = gather_tasks([TaskSource(**each) for each in sources], image_size=SIDE, needed=2, base=Path())
    return EpisodeSampler(tasks, how, 0)


@pytest.fixture(scope="module")
def products() -> EpisodeSampler:
    return sampler_of({"kind": "products", "limit": 6})


def corrupted(episode: Episode, place: tuple[int, int, int] = PLACE, **settings: Any) -> torch.Tensor:
    before = episode.query.clone()
    result = corrupted_queries(episode, NegativeSettings(**settings), purpose="test", place=place)
    assert torch.equal(episode.query, before)
    return result


def fresh() -> torch.Generator:
    return torch_generator("test negatives", *PLACE)


def test_patches_are_the_papers_as_they_ever_were(products: EpisodeSampler) -> None:
    episode = products.episode(2, 1)
    expected, _ = corrupt(episode.query, settings=NegativeSettings().patches, generator=fresh())
    assert torch.equal(corrupted(episode), expected)
    assert torch.equal(corrupted(episode, start="noise"), noise_start(episode.query, generator=fresh()))


def test_damage_takes_foreign_texture_from_other_tasks(products: EpisodeSampler) -> None:
    episode = products.episode(2, 1)
    assert episode.foreign is not None
    settings = NegativeSettings().damage
    expected, _ = damage(episode.query, settings=settings, generator=fresh(), others=episode.foreign())
    assert torch.equal(corrupted(episode, style="damage"), expected)
    alone, _ = damage(episode.query, settings=settings, generator=fresh())
    assert torch.equal(corrupted(Episode(episode.support, episode.query), style="damage"), alone)


def test_both_are_drawn_picture_by_picture(products: EpisodeSampler) -> None:
    # Damage of no visible kind: what is changed has a patch.
    episode = products.episode(2, 1)
    hidden = {"kinds": ["noise"], "least": 0.99}
    patches = {"area": (0.02, 0.05), "aspect": (0.5, 2.0), "kinds": ["constant"]}
    patched = 0
    for index in range(20):
        mixed = corrupted(episode, (0, 0, index), style="both", damage=hidden, patches=patches)
        patched += int((mixed != episode.query).flatten(1).any(dim=1).sum())
    assert 0.4 < patched / (20 * QUERIES) < 0.6


def test_flaws_take_the_place_of_as_many_queries_as_asked(products: EpisodeSampler) -> None:
    taken, flawed = 0, 0
    for index in range(8):
        episode = products.episode(0, index)
        assert episode.twin is not None
        place = (0, 0, index)
        styled, some = corrupted(episode, place), corrupted(episode, place, flaws=0.5)
        every = corrupted(episode, place, flaws=1.0)
        twins = torch.stack([episode.twin(number) for number in range(QUERIES)])
        is_twin = (every == twins).flatten(1).all(dim=1)
        shows = ((twins - episode.query).abs().mean(dim=1) > 0.08).float().mean(dim=(1, 2)) > 0.001
        assert torch.equal(is_twin, shows)
        # What does not show gives way to the style, and no other query changes for it.
        assert torch.equal(every[~shows], styled[~shows])
        from_some = (some == twins).flatten(1).all(dim=1)
        assert torch.equal(some[~from_some], styled[~from_some])
        taken += int(from_some.sum())
        flawed += int(shows.sum())
    assert flawed > 0.6 * 8 * QUERIES
    assert 0.3 < taken / flawed < 0.7


def test_tasks_of_files_have_no_flaws(textures: Path) -> None:
    episode = sampler_of({"folder": textures}).episode(0, 0)
    assert episode.twin is None
    assert torch.equal(corrupted(episode, flaws=1.0), corrupted(episode))


def test_everything_is_decided_by_purpose_and_place(products: EpisodeSampler) -> None:
    how: dict[str, Any] = {"style": "both", "flaws": 0.5}
    episode, again = products.episode(2, 1), sampler_of({"kind": "products", "limit": 6}).episode(2, 1)
    assert torch.equal(corrupted(episode, **how), corrupted(again, **how))
    assert not torch.equal(corrupted(episode, **how), corrupted(episode, (0, 2, 2), **how))
