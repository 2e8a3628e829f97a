from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tenshot.core.errors import InputError
from tenshot.training.stacks import Stacks
from tenshot.training.task_source import TaskSource
from tenshot.training.tasks import Tasks, gather_tasks
from tenshot.training.unseen import require_unseen


def of(**settings: Any) -> Tasks:
    return gather_tasks([TaskSource(**settings)], image_size=32, needed=1, base=Path())


def test_pictures_that_are_learned_from_are_not_watched(textures: Path) -> None:
    require_unseen(of(folder=textures, exclude=["t3"]), of(folder=textures, only=["t3"]))
    with pytest.raises(InputError, match="validation: expected tasks that are not learned from, but t3 is among tasks"):
        require_unseen(of(folder=textures), of(folder=textures, only=["t3"]))


def test_nor_are_products_though_they_may_share_textures(textures: Path) -> None:
    products: dict[str, Any] = {"kind": "products", "folder": textures, "limit": 4}
    require_unseen(of(**products), of(**products, seed=1))
    require_unseen(of(**products), of(**{**products, "folder": None}))
    with pytest.raises(InputError, match=r"validation: .* but 0, 1, 2 is among tasks"):
        require_unseen(of(**products), of(**products))


def test_what_has_no_files_is_not_looked_into(textures: Path) -> None:
    require_unseen(of(folder=textures), None)
    require_unseen(Stacks([torch.zeros(2, 3, 8, 8)]), of(folder=textures))
