from __future__ import annotations

import gzip
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tenshot.core.errors import InputError
from tenshot.core.types import Image
from tenshot.data.known import one_class

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TRAIN = [*range(10), 3, 3]
MNIST = [7, 2, 1, 0, 4, 1, 4, 9, 5, 9, 3, 6, 8]
FASHION = [9, 2, 1, 1, 6, 1, 4, 6, 5, 7, 0, 3, 8]


def write_idx(folder: Path, split: str, labels: Sequence[int], *, separator: str = "-", packed: bool = False) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pixels = np.arange(len(labels) * 28 * 28).astype(np.uint8).reshape(-1, 28, 28)
    pixels[:, 0, 0] = np.arange(len(labels))
    files = {
        f"{split}-images{separator}idx3-ubyte": struct.pack(">4B3I", 0, 0, 8, 3, *pixels.shape) + pixels.tobytes(),
        f"{split}-labels{separator}idx1-ubyte": struct.pack(">4BI", 0, 0, 8, 1, len(labels)) + bytes(labels),
    }
    for name, data in files.items():
        file = folder / (f"{name}.gz" if packed else name)
        file.write_bytes(gzip.compress(data) if packed else data)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("separator", ["-", "."])
@pytest.mark.parametrize(
    ("labels", "name", "three"), [(MNIST, "mnist", "mnist/3"), (FASHION, "fashion_mnist", "fashion_mnist/dress")]
)
def test_digits_and_clothes(
    tmp_path: Path, *, packed: bool, separator: str, labels: list[int], name: str, three: str
) -> None:
    folder = tmp_path / "raw"
    write_idx(folder, "train", TRAIN, separator=separator, packed=packed)
    write_idx(folder, "t10k", labels, separator=separator, packed=packed)
    for root in (folder, tmp_path, tmp_path.parent):
        assert one_class.looks_like(root)
    found = one_class.read(tmp_path)
    assert len(found) == len({category.name for category in found}) == 10
    assert all(category.name.startswith(f"{name}/") for category in found)
    category = found[3]
    assert category.name == three
    assert [category.label(image) for image in category.train_good] == ["train/00003", "train/00010", "train/00011"]
    assert isinstance(category.train_good[0], Image)
    assert category.train_good[1].pixels.shape == (28, 28, 1)
    assert category.train_good[1].pixels[0, 0, 0] == 10
    good = [category.label(image.source) for image in category.test if not image.is_anomalous]
    assert good == [f"test/{index:05}" for index, label in enumerate(labels) if label == 3]
    assert len(category.test) == len(labels)
    assert len({category.label(image.source) for image in category.test}) == len(labels)
    assert category.lacks == "No pixel metrics: no anomalous image has a mask."


def test_cifar(tmp_path: Path) -> None:
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    generator = np.random.default_rng(0)
    for name, labels in (("data_batch_1", TRAIN), ("data_batch_2", [3]), ("test_batch", [3, 5, 3])):
        records = [bytes([label]) + generator.integers(0, 255, 3072, np.uint8).tobytes() for label in labels]
        (folder / f"{name}.bin").write_bytes(b"".join(records))
    assert one_class.looks_like(tmp_path)
    cat = one_class.read(tmp_path)[3]
    assert (cat.name, len(cat.train_good)) == ("cifar10/cat", 4)
    assert [(cat.label(image.source), image.defect) for image in cat.test] == [
        ("test/00000", "good"),
        ("test/00002", "good"),
        ("test/00001", "dog"),
    ]
    (folder / "test_batch.bin").unlink()
    with pytest.raises(InputError, match=r"data_batch_1\.bin … and test_batch\.bin, got 2"):
        one_class.read(folder)


def test_other_digits_are_not_guessed(tmp_path: Path) -> None:
    write_idx(tmp_path, "train", TRAIN)
    write_idx(tmp_path, "t10k", TRAIN)
    with pytest.raises(InputError, match="neither MNIST nor FashionMNIST; the first test labels are 0, 1, 2"):
        one_class.read(tmp_path)


def test_missing_and_mismatched_files(tmp_path: Path) -> None:
    write_idx(tmp_path, "train", TRAIN)
    with pytest.raises(InputError, match="t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte are needed"):
        one_class.read(tmp_path)
    write_idx(tmp_path, "t10k", MNIST)
    labels = tmp_path / "train-labels-idx1-ubyte"
    labels.write_bytes(struct.pack(">4BI", 0, 0, 8, 1, 2) + b"\x00\x01")
    with pytest.raises(InputError, match="expected 12 labels from 0 to 9, got 2"):
        one_class.read(tmp_path)
    write_idx(tmp_path, "train", [0, 1, 2])
    with pytest.raises(InputError, match="no image to learn is of class 3"):
        one_class.read(tmp_path)
