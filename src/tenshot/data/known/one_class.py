"""One class is normal, all others are not: CIFAR-10, MNIST and FashionMNIST, as Sheynin et al. (HTDG) use them.

Every class makes a product: its images of the training split are learned, and the whole test split is judged, images
of other classes as anomalous. There are no masks. Images are held in memory.

Quirks: CIFAR-10 is read in its *binary* version (``data_batch_1.bin`` …), since the Python version is a pickle. MNIST
and FashionMNIST have files of the same names (``train-images-idx3-ubyte``, ``.gz`` or not), so they are told apart by
the first labels of their test split.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from tenshot.core.errors import InputError
from tenshot.data.folders import GOOD, Category, LabelledImage
from tenshot.data.images import read_image
from tenshot.data.known.archives import read_cifar, read_idx
from tenshot.data.known.layout import KnownSet, Layout
from tenshot.data.pairing import list_folders

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tenshot.core.types import Image

    Split = tuple[NDArray[np.uint8], NDArray[np.uint8]]

__all__ = ["CIFAR10", "FASHION_MNIST", "LAYOUT", "MNIST", "looks_like", "read"]

CIFAR10 = KnownSet(
    "cifar10",
    "CIFAR-10 (Krizhevsky, 2009), licence not stated: 32 x 32 pixels, one class normal, all others anomalous.",
    ("cifar-10", "cifar-10-batches-bin"),
)
MNIST = KnownSet(
    "mnist",
    "MNIST (LeCun et al., 1998), CC BY-SA 3.0: 28 x 28 pixels, one digit normal, all others anomalous.",
)
FASHION_MNIST = KnownSet(
    "fashion_mnist",
    "FashionMNIST (Xiao et al., 2017), MIT: 28 x 28 pixels, one kind of clothing normal, all others anomalous.",
    ("fashionmnist", "fashion-mnist"),
)

DIGITS = tuple("0123456789")
OBJECTS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CLOTHES = ("t_shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle_boot")

FIRST_TEST_LABELS = {
    (7, 2, 1, 0, 4, 1, 4, 9, 5, 9): (MNIST, DIGITS),
    (9, 2, 1, 1, 6, 1, 4, 6, 5, 7): (FASHION_MNIST, CLOTHES),
}
BATCH = re.compile(r"data_batch_\d+\.bin")
TEST_BATCH = "test_batch.bin"
IDX = "{split}-{kind}{separator}idx{dimensions}-ubyte{suffix}"


def looks_like(root: Path) -> bool:
    """Whether a folder, one inside it, or a folder ``raw`` inside that, holds such archives."""
    return any(_is_cifar(folder) or _idx(folder, "train", "images") for folder in _places(root))


def read(root: Path) -> tuple[Category, ...]:
    """Reads every archive that is there, ten products each.

    Raises:
        InputError: a file is missing, truncated, or none of its kind.
    """
    found: list[Category] = []
    for folder in _places(root):
        if _is_cifar(folder):
            found += _cifar(folder)
        elif _idx(folder, "train", "images"):
            found += _mnist(folder)
    return tuple(found)


def _places(root: Path) -> list[Path]:
    inner = list_folders(root)
    return [root, *inner, *(folder / "raw" for folder in inner if (folder / "raw").is_dir())]


def _is_cifar(folder: Path) -> bool:
    return (folder / "data_batch_1.bin").is_file() or (folder / TEST_BATCH).is_file()


def _cifar(folder: Path) -> list[Category]:
    batches = sorted(file for file in folder.iterdir() if BATCH.fullmatch(file.name))
    if not batches or not (folder / TEST_BATCH).is_file():
        msg = f"{folder}: CIFAR-10 is data_batch_1.bin … and {TEST_BATCH}, got {len(batches)} batches to learn"
        raise InputError(msg)
    parts = [read_cifar(file) for file in batches]
    train = np.concatenate([images for images, _ in parts]), np.concatenate([labels for _, labels in parts])
    return _products(folder, CIFAR10, OBJECTS, train=train, test=read_cifar(folder / TEST_BATCH))


def _mnist(folder: Path) -> list[Category]:
    train, test = (_split(folder, split) for split in ("train", "t10k"))
    labels = tuple(test[1][:10].tolist())
    if labels not in FIRST_TEST_LABELS:
        msg = f"{folder}: neither MNIST nor FashionMNIST; the first test labels are {', '.join(map(str, labels))}"
        raise InputError(msg)
    known, names = FIRST_TEST_LABELS[labels]
    return _products(folder, known, names, train=train, test=test)


def _split(folder: Path, split: str) -> Split:
    files = [_idx(folder, split, kind) for kind in ("images", "labels")]
    if files[0] is None or files[1] is None:
        msg = f"{folder}: {split}-images-idx3-ubyte and {split}-labels-idx1-ubyte are needed, with or without .gz"
        raise InputError(msg)
    images, labels = read_idx(files[0], dimensions=3), read_idx(files[1], dimensions=1)
    if len(images) != len(labels) or labels.size == 0 or labels.max() >= len(DIGITS):
        msg = f"{files[1]}: expected {len(images)} labels from 0 to 9, got {len(labels)}"
        raise InputError(msg)
    return images, labels


def _idx(folder: Path, split: str, kind: str) -> Path | None:
    dimensions = 3 if kind == "images" else 1
    names = (
        IDX.format(split=split, kind=kind, separator=separator, dimensions=dimensions, suffix=suffix)
        for separator in "-."
        for suffix in ("", ".gz")
    )
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _products(folder: Path, known: KnownSet, names: tuple[str, ...], *, train: Split, test: Split) -> list[Category]:
    learned, judged = _decoded(train[0], "train"), _decoded(test[0], "test")
    by_class = [np.flatnonzero(test[1] == label) for label in range(len(names))]
    found = []
    for normal, name in enumerate(names):
        good = tuple(learned[index] for index in np.flatnonzero(train[1] == normal))
        if not good:
            msg = f"{folder}: no image to learn is of class {name}"
            raise InputError(msg)
        test_list = tuple(
            LabelledImage(judged[index], None, GOOD if label == normal else names[label])
            for label, indices in enumerate(by_class)
            for index in indices
        )
        found.append(Category(f"{known.name}/{name}", good, test_list, root=folder, about=known.about))
    return found


def _decoded(images: NDArray[np.uint8], split: str) -> list[Image]:
    return [read_image(pixels, name=f"{split}/{index:05}") for index, pixels in enumerate(images)]


LAYOUT = Layout(
    "one-class archives",
    "data_batch_1.bin and test_batch.bin (CIFAR-10), or train-images-idx3-ubyte and so on (MNIST)",
    looks_like,
    read,
)
