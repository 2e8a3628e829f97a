from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tenshot.core.errors import InputError, MissingError
from tenshot.training.finding import Task, find_tasks
from tenshot.training.task_source import TaskSource
from tenshot.training.workshop import PHOTOS


def lay(root: Path, *names: str) -> Path:
    """Small pictures at these places."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), 128, np.uint8)).save(root / name)
    return root


def found(base: Path, *, needed: int = 1, **settings: Any) -> dict[str, list[str]]:
    tasks = find_tasks(TaskSource(folder=Path("set"), **settings), base=base, needed=needed)
    return {task.name: [file.relative_to(base / "set").as_posix() for file in task.files] for task in tasks}


def test_every_folder_of_pictures_is_a_task_and_of_a_product_only_what_is_good(tmp_path: Path) -> None:
    lay(tmp_path / "set", "b/img10.png", "b/img2.png", "b/deep/0.png", "pill/train/good/0.png", "pill/test/crack/0.png")
    lay(tmp_path / "set", "tile/train/OK/1.png", "ground_truth/crack/0.png", ".hidden/0.png", "loose.png")
    assert found(tmp_path) == {
        "b": ["b/img2.png", "b/img10.png"],
        "pill": ["pill/train/good/0.png"],
        "tile": ["tile/train/OK/1.png"],
    }


def test_a_folder_that_is_a_product_itself_is_one_task(tmp_path: Path) -> None:
    lay(tmp_path / "set", "train/good/0.png", "train/good/1.png", "test/crack/0.png")
    assert found(tmp_path) == {"set": ["train/good/0.png", "train/good/1.png"]}


def test_of_a_class_every_picture_counts_however_deep(tmp_path: Path) -> None:
    lay(tmp_path / "set", "a/x/0.png", "a/1.png", "b/0.png")
    assert found(tmp_path, kind="classes") == {"a": ["a/1.png", "a/x/0.png"], "b": ["b/0.png"]}


def test_of_textures_every_picture_is_a_task_whatever_an_episode_needs(tmp_path: Path) -> None:
    lay(tmp_path / "set", "a/0.png", "a/1.png", "2.png")
    tasks = find_tasks(TaskSource(folder=Path("set"), kind="crops", crop=(0.2, 0.3)), base=tmp_path, needed=10)
    assert [(task.name, task.crop) for task in tasks] == [
        (name, (0.2, 0.3)) for name in ("2.png", "a/0.png", "a/1.png")
    ]


def test_names_leave_out_and_pick_tasks_and_folders_of_them(tmp_path: Path) -> None:
    lay(tmp_path / "set", "a/0.png", "a/1.png", "ab/0.png", "c/0.png")
    assert list(found(tmp_path, exclude=["a"])) == ["ab", "c"]
    assert list(found(tmp_path, only=["a", "c"])) == ["a", "c"]
    assert list(found(tmp_path, kind="crops", exclude=["a/1.png", "c"])) == ["a/0.png", "ab/0.png"]
    assert list(found(tmp_path, kind="crops", only=["a"], exclude=["a/0.png"])) == ["a/1.png"]


@pytest.mark.parametrize("setting", ["exclude", "only"])
def test_a_name_that_nothing_has_is_refused(tmp_path: Path, setting: str) -> None:
    lay(tmp_path / "set", "pill/0.png", "tile/0.png")
    with pytest.raises(
        InputError, match=r"expected the name of a task or of a folder of tasks \(pill, tile\), got 'pil'"
    ):
        found(tmp_path, **{setting: ["pil"]})


def test_a_limit_takes_some_by_chance_and_more_of_them_with_a_larger_one(tmp_path: Path) -> None:
    lay(tmp_path / "set", *(f"t{index}/0.png" for index in range(12)))
    few, more = list(found(tmp_path, limit=4)), list(found(tmp_path, limit=7))
    assert (len(few), len(more)) == (4, 7)
    assert set(few) < set(more)
    assert few != ["t0", "t1", "t2", "t3"]
    assert few == list(found(tmp_path, limit=4))
    assert len(found(tmp_path, limit=99)) == 12


def test_a_task_that_makes_no_episode_is_named_with_what_it_lacks(tmp_path: Path) -> None:
    lay(tmp_path / "set", *(f"large/{index}.png" for index in range(5)), "small/0.png", "small/1.png")
    with pytest.raises(
        InputError, match=r"task small: expected at least 4 images, K \+ M of an episode, got 2 \(.*0.png"
    ):
        found(tmp_path, needed=4)
    assert list(found(tmp_path, needed=4, minimum=4)) == ["large"]
    assert list(found(tmp_path, needed=4, exclude=["small"])) == ["large"]
    with pytest.raises(InputError, match="small: expected at least 4"):
        found(tmp_path, needed=4, minimum=2)
    with pytest.raises(InputError, match="expected tasks of kind images, found none"):
        found(tmp_path, needed=4, minimum=9)


def test_a_folder_that_is_not_there_or_holds_nothing_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"tasks: expected a folder, there is none at .*set"):
        found(tmp_path)
    (tmp_path / "set").mkdir()
    with pytest.raises(InputError, match="set: expected tasks of kind images, found none"):
        found(tmp_path)


def products(base: Path, *, needed: int = 1, **settings: Any) -> tuple[Task, ...]:
    return find_tasks(TaskSource(kind="products", **settings), base=base, needed=needed)


def test_products_are_numbered_and_as_many_as_asked_for(tmp_path: Path) -> None:
    assert [task.name for task in products(tmp_path, limit=3)] == ["0", "1", "2"]
    assert len(products(tmp_path)) == 1000
    assert all(task.files == () and len(task) == PHOTOS for task in products(tmp_path, limit=3))
    blueprints = {task.blueprint for seed in (0, 1) for task in products(tmp_path, limit=3, seed=seed)}
    assert len(blueprints) == 6
    assert [task.name for task in products(tmp_path, limit=4, exclude=["1"])] == ["0", "2", "3"]
    assert [task.name for task in products(tmp_path, limit=4, only=["1"])] == ["1"]


def test_surfaces_of_products_are_all_pictures_below_a_folder(tmp_path: Path) -> None:
    lay(tmp_path / "set", "a/b/0.png", "1.png")
    (task,) = products(tmp_path, limit=1, folder=Path("set"))
    assert task.blueprint is not None
    assert task.blueprint.textures == (tmp_path / "set/1.png", tmp_path / "set/a/b/0.png")
    with pytest.raises(MissingError, match=r"tasks: expected a folder, there is none at .*gone"):
        products(tmp_path, folder=Path("gone"))


def test_products_that_are_not_there_or_too_few_photos_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"products: expected the name of a task .*\(0, 1\), got '2'"):
        products(tmp_path, limit=2, exclude=["2"])
    with pytest.raises(InputError, match=rf"task 0: expected at least 99 images, K \+ M of an episode, got {PHOTOS};"):
        products(tmp_path, limit=2, needed=99)
