from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tenshot.evaluation.meta_training.setting import changed
from tenshot.evaluation.meta_training.variants import BASE, COMPARISONS, VARIANTS, cells_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenshot.evaluation.ledger import Cell
    from tenshot.evaluation.meta_training.variants import Variant
    from tenshot.training.settings import TrainingConfig


def test_every_variant_is_compared_with_the_base() -> None:
    names = [variant.name for variant in VARIANTS]
    assert len(set(names)) == len(names)
    assert {name for line in COMPARISONS.values() for name in line} == set(names)
    assert all(BASE in line for line in COMPARISONS.values())


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_a_variant_is_another_training_and_only_the_base_is_not(
    variant: Variant, tiny: Callable[..., TrainingConfig]
) -> None:
    assert (changed(tiny(), variant.changes) == tiny()) == (variant.name == BASE)


def test_cells_of_a_variant_as_it_was_are_not_its_own(cell: Callable[..., Cell]) -> None:
    soft = next(variant for variant in VARIANTS if variant.name == "soft")
    mine = cell("soft")
    assert cells_of([cell(BASE), mine, cell("soft", changes=["coding.shrinkage=other"])], soft) == [mine]
