from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch

from tenshot.core.config import ExtractorConfig
from tenshot.features import build_extractor, join_maps
from tenshot.training.frozen_features import FrozenEpisodes, frozen_rows

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def frozen(lesson_of: Callable[..., Any]) -> Callable[..., FrozenEpisodes]:
    """Makes pools of episodes of 64 x 64 pixels, seen by two layers of a random network."""

    def build(pool: int) -> FrozenEpisodes:
        lesson = lesson_of()
        extractor = build_extractor(ExtractorConfig(name="resnet10", layers=(0, 1)))
        return FrozenEpisodes(lesson.sampler, lesson.config.negatives, extractor, neighbourhood=3, pool=pool)

    return build


def test_rows_are_joined_features_in_half_precision() -> None:
    extractor = build_extractor(ExtractorConfig(name="resnet10", layers=(0, 1)))
    frames = torch.rand(5, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    rows = frozen_rows(extractor, frames, neighbourhood=3)
    expected = join_maps(extractor(frames), size=(8, 8), neighbourhood=3)
    assert rows.shape == (5, 64, 96)
    assert rows.dtype == torch.float16
    torch.testing.assert_close(rows[4, 9].float(), expected[4, :, 1, 1], rtol=1e-3, atol=1e-3)


def test_a_pool_is_gone_through_turn_by_turn_in_ever_new_order(frozen: Callable[..., FrozenEpisodes]) -> None:
    episodes = frozen(4)
    seen = [id(episodes.episode(step, index, per_step=2)) for step in range(8) for index in range(2)]
    turns = [seen[start : start + 4] for start in range(0, 16, 4)]
    assert all(len(set(turn)) == 4 for turn in turns)
    assert len(set(seen)) == 4
    assert len({tuple(turn) for turn in turns}) > 1


def test_a_pool_is_a_function_of_its_seed(frozen: Callable[..., FrozenEpisodes]) -> None:
    first, second = frozen(3), frozen(3)
    first.episode(0, 0, per_step=1)
    episode, again = first.episode(4, 0, per_step=1), second.episode(4, 0, per_step=1)
    assert all(torch.equal(a, b) for a, b in zip(episode, again, strict=True))
    assert episode.inside.any()
    moved = (episode.query.float() - episode.corrupted.float()).norm(dim=2)
    assert moved[episode.inside].mean() > 3 * moved[~episode.inside].mean()


def test_without_a_pool_every_step_is_new_and_nothing_is_kept(frozen: Callable[..., FrozenEpisodes]) -> None:
    episodes = frozen(0)
    one, other = (episodes.episode(step, 0, per_step=1) for step in (0, 1))
    assert not torch.equal(one.query, other.query)
    assert episodes.episode(0, 0, per_step=1) is not one
