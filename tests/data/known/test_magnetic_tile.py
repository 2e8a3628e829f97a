from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tenshot.core.errors import InputError
from tenshot.data.known import magnetic_tile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Put = Callable[..., Path]


@pytest.fixture
def root(put: Put) -> Path:
    put(*(f"MT_Free/Imgs/exp1_num_{index}.jpg" for index in range(7)), "MT_Crack/Imgs/exp2_num_1.jpg")
    put("MT_Crack/Imgs/exp2_num_2.jpg", "MT_Fray/Imgs/exp3_num_1.jpg")
    put(*(f"MT_Free/Imgs/exp1_num_{index}.png" for index in range(7)), mask=0)
    return put(*(f"MT_Crack/Imgs/exp2_num_{index}.png" for index in (1, 2)), "MT_Fray/Imgs/exp3_num_1.png", mask=255)


def test_photos_and_masks_side_by_side(root: Path) -> None:
    assert magnetic_tile.looks_like(root)
    [category] = magnetic_tile.read(root)
    assert [(image.defect, category.label(image.source)) for image in category.test if image.is_anomalous] == [
        ("crack", "MT_Crack/Imgs/exp2_num_1.jpg"),
        ("crack", "MT_Crack/Imgs/exp2_num_2.jpg"),
        ("fray", "MT_Fray/Imgs/exp3_num_1.jpg"),
    ]
    assert all(image.mask_path == image.source.with_suffix(".png") for image in category.test if image.is_anomalous)
    good = {image.source for image in category.test if not image.is_anomalous}
    assert (len(category.train_good), len(good), len(good | set(category.train_good))) == (3, 4, 7)
    assert len(category.good_masks) == 7
    assert (category.name, category.lacks) == ("magnetic_tile", "")
    assert magnetic_tile.read(root) == (category,)


def test_mask_without_a_photo_is_named(root: Path) -> None:
    (root / "MT_Crack/Imgs/exp2_num_2.jpg").unlink()
    with pytest.raises(InputError, match=r"exp2_num_2\.png: a mask must bear"):
        magnetic_tile.read(root)


def test_too_few_good_tiles(put: Put) -> None:
    with pytest.raises(InputError, match="at least two good tiles are needed, got 1"):
        magnetic_tile.read(put("MT_Free/Imgs/1.jpg"))
