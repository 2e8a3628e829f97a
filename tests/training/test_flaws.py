from __future__ import annotations

import math
from collections import Counter

import torch

from tenshot.training.flaws import Flaw, draw_flaw


def kind_of(flaw: Flaw) -> str:
    usual = Flaw(flaw.layer)
    (kind,) = {
        "moved" if name in {"across", "down"} else name
        for name, value, other in zip(Flaw._fields, flaw, usual, strict=True)
        if value is not other and value != other
    }
    return kind


def test_every_kind_is_equally_likely_and_alone() -> None:
    generator = torch.Generator().manual_seed(0)
    kinds = Counter(kind_of(draw_flaw(4, grey=False, generator=generator)) for _ in range(1000))
    assert set(kinds) == {"missing", "moved", "colour", "turn", "zoom"}
    assert all(abs(count - 200) < 4 * math.sqrt(1000 * 0.2 * 0.8) for count in kinds.values())


def test_any_layer_may_be_flawed_but_the_first() -> None:
    generator = torch.Generator().manual_seed(0)
    assert {draw_flaw(4, grey=False, generator=generator).layer for _ in range(60)} == {1, 2, 3}
    assert {draw_flaw(2, grey=False, generator=generator).layer for _ in range(20)} == {1}


def test_a_flaw_is_large_enough_to_be_one_and_grey_stays_grey() -> None:
    generator = torch.Generator().manual_seed(1)
    for _ in range(200):
        flaw = draw_flaw(3, grey=True, generator=generator)
        assert flaw.across == 0 or 0.03 <= abs(flaw.across) <= 0.15
        assert flaw.turn == 0 or 0.12 <= abs(flaw.turn) <= 1.5
        assert flaw.zoom == 1 or 0.07 <= abs(flaw.zoom - 1) <= 0.3
        assert flaw.colour is None or flaw.colour.shape == (1, 1, 1)
