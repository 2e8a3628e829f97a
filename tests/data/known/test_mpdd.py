from __future__ import annotations

from tenshot.data.known.mpdd import PRODUCTS


def test_products_are_those_of_the_paper() -> None:
    assert len(PRODUCTS) == 6
    assert len({defect for defects in PRODUCTS.values() for defect in defects.split()}) == 8
