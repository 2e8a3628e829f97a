from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tenshot.core.errors import ImageError, InputError, MissingError
from tenshot.training.cropping import Crops
from tenshot.training.task_source import TaskSource
from tenshot.training.tasks import Tasks, gather_tasks


def gathered(*folders: Path, size: int = 8, needed: int = 1, memory: int = 1, **settings: Any) -> Tasks:
    sources = [TaskSource(folder=folder, **settings) for folder in folders]
    return gather_tasks(sources, image_size=size, needed=needed, base=Path(), memory=memory)


def save(file: Path, pixels: np.ndarray[Any, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(file)


def test_frames_are_squares_in_colour_between_nought_and_one(tmp_path: Path) -> None:
    save(tmp_path / "t/0.png", np.full((16, 32, 3), (255, 51, 0), np.uint8))
    save(tmp_path / "t/1.png", np.full((9, 9), 102, np.uint8))
    frames = gathered(tmp_path).frames(0, [1, 0])
    assert frames.shape == (2, 3, 8, 8)
    assert frames.dtype == torch.float32
    torch.testing.assert_close(frames[0], torch.full((3, 8, 8), 0.4))
    torch.testing.assert_close(frames[1, :, 3, 5], torch.tensor([1.0, 0.2, 0.0]))


def test_sixteen_bits_are_not_taken_for_eight(tmp_path: Path) -> None:
    save(tmp_path / "t/0.png", np.full((8, 8), 13107, np.uint16))
    torch.testing.assert_close(gathered(tmp_path).frames(0, [0]), torch.full((1, 3, 8, 8), 0.2))


def test_crops_are_those_of_the_boxes(tmp_path: Path) -> None:
    ramp = np.arange(32, dtype=np.uint8)[None, :].repeat(16, axis=0) * 8
    save(tmp_path / "0.png", ramp)
    tasks = gathered(tmp_path, kind="crops", crop=(0.5, 0.5))
    crops = Crops(0.5, ((0.0, 0.0),), ((1.0, 1.0),), swapped=False, upright=False)
    frames = tasks.crops(0, crops)
    expected = torch.tensor(np.stack([ramp[:8, :8], ramp[8:, 24:]]))[:, None].expand(-1, 3, -1, -1) / 255
    torch.testing.assert_close(frames, expected)


def test_a_large_texture_is_kept_no_larger_than_its_crops_need(tmp_path: Path) -> None:
    save(tmp_path / "0.png", np.zeros((400, 600, 3), np.uint8))
    tasks = gathered(tmp_path, kind="crops", crop=(0.25, 0.5))
    tasks.crops(0, Crops(0.25, ((0, 0),), ((1, 1),), swapped=False, upright=False))
    (kept,) = tasks.kept.pictures.values()
    assert kept.shape == (1, 32, 48)  # 8 / 0.25 on the shorter side


def test_what_is_kept_stays_within_its_bound_and_the_oldest_goes_first(tmp_path: Path) -> None:
    for index in range(4):
        save(tmp_path / f"t/{index}.png", np.random.default_rng(index).integers(0, 256, (512, 512, 3), np.uint8))
    tasks = gathered(tmp_path, size=512, memory=2)  # 0.75 MiB each
    for index in (0, 1, 0, 2):
        tasks.frames(0, [index])
    assert [file.name for file, _ in tasks.kept.pictures] == ["0.png", "2.png"]
    assert tasks.kept.size == sum(picture.numel() for picture in tasks.kept.pictures.values()) <= 2 * 2**20


def test_a_picture_is_the_same_whether_it_was_kept_or_not(textures: Path) -> None:
    tasks = gathered(textures, size=64)
    assert torch.equal(tasks.frames(2, [3, 1]), tasks.frames(2, [3, 1]))
    assert torch.equal(tasks.frames(2, [3, 1]), gathered(textures, size=64, memory=1).frames(2, [3, 1]))


def test_sources_share_the_chances_by_their_tasks_or_their_weight(tmp_path: Path) -> None:
    for name in ("a/t0", "a/t1", "a/t2", "b/t0"):
        save(tmp_path / name / "0.png", np.zeros((8, 8), np.uint8))
    assert gathered(tmp_path / "a", tmp_path / "b").chances == pytest.approx([0.25] * 4)
    sources = [TaskSource(folder=tmp_path / "a", weight=1), TaskSource(folder=tmp_path / "b", weight=3)]
    tasks = gather_tasks(sources, image_size=8, needed=1, base=Path())
    assert tasks.chances == pytest.approx([1 / 12] * 3 + [3 / 4])
    assert [tasks.pick(uniform) for uniform in (0, 0.08, 0.1, 0.24, 0.26, 1 - 1e-12, 1)] == [0, 0, 1, 2, 3, 3, 3]


def test_a_folder_that_vanishes_is_named_and_so_is_a_picture(textures: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(textures, copy)
    tasks = gathered(copy, size=64)
    (copy / "t0" / "1.png").unlink()
    with pytest.raises(MissingError, match=r"t0.1\.png"):
        tasks.frames(0, [0, 1])
    shutil.rmtree(copy / "t3")
    with pytest.raises(MissingError, match=r"task t3: its folder .*t3 is not there any more"):
        tasks.frames(3, [0])
    (copy / "t1" / "2.png").write_bytes(b"no picture")
    with pytest.raises(ImageError, match=r"t1.2\.png"):
        tasks.frames(1, [2])


def test_no_sources_are_refused() -> None:
    with pytest.raises(InputError, match="tasks: expected at least one source"):
        gathered()


def products_of(size: int = 32, **settings: Any) -> Tasks:
    source = TaskSource(kind="products", **{"limit": 3, **settings})
    return gather_tasks([source], image_size=size, needed=1, base=Path())


def test_frames_of_products_are_kept_as_others_are() -> None:
    tasks = products_of()
    frames = tasks.frames(1, [5, 0])
    assert frames.shape == (2, 3, 32, 32)
    assert len(tasks.kept.pictures) == 2
    assert torch.equal(frames, tasks.frames(1, [5, 0]))
    assert len(tasks.kept.pictures) == 2
    assert torch.equal(frames, products_of().frames(1, [5, 0]))
    assert not torch.equal(frames, products_of(seed=1).frames(1, [5, 0]))


def test_a_flawed_frame_differs_from_the_kept_one_at_the_flaw_alone(textures: Path) -> None:
    tasks = products_of(size=64, limit=10)
    shares = []
    for task in range(10):
        (frame,), twin = tasks.frames(task, [2]), tasks.flawed(task, 2, flaw=7)
        assert twin is not None
        assert twin.shape == frame.shape
        shares.append(float((twin != frame).any(dim=0).float().mean()))
    assert sum(share > 0 for share in shares) >= 7
    assert max(shares) < 0.6
    assert len(tasks.kept.pictures) == 10
    assert gathered(textures).flawed(0, 0, flaw=7) is None


def test_a_glimpse_of_a_task_is_one_of_its_pictures_and_of_a_product_one_of_its_textures(textures: Path) -> None:
    tasks = gathered(textures, size=16)
    for uniform, index in ((0.0, 0), (0.2, 1), (1 - 1e-9, 5)):
        assert torch.equal(tasks.glimpse(3, uniform), tasks.frames(3, [index])[0])
    product = products_of(size=16, folder=textures)
    assert torch.equal(product.glimpse(0, 0.0), tasks.frames(0, [0])[0])
    invented = products_of(size=16).glimpse(0, 0.4)
    assert invented.shape == (3, 16, 16)
    assert torch.equal(invented, products_of(size=16).glimpse(0, 0.4))
    assert not torch.equal(invented, products_of(size=16).glimpse(0, 0.5))
