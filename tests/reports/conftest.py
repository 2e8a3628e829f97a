from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pytest

from tenshot.core.types import Image, Prediction
from tenshot.reports import TaskSummary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    LargestFile = Callable[[int], AbstractContextManager[None]]

THRESHOLD = 1.0
MAP_THRESHOLD = 0.5


class MakeImage(Protocol):
    def __call__(
        self, name: str = ..., *, shape: tuple[int, ...] = ..., dtype: str = ..., in_memory: bool = ...
    ) -> Image: ...


class MakePrediction(Protocol):
    def __call__(self, score: float = ..., *, peak: float = ..., name: str = ...) -> Prediction: ...


class Judged(Protocol):
    def __call__(
        self, name: str = ..., score: float = ..., *, shape: tuple[int, ...] = ...
    ) -> tuple[Image, Prediction]: ...


@pytest.fixture
def make_image() -> MakeImage:
    rng = np.random.default_rng(0)

    def make(
        name: str = "part.png", *, shape: tuple[int, ...] = (48, 64, 3), dtype: str = "uint8", in_memory: bool = False
    ) -> Image:
        values = rng.random(shape)
        scale = 1 if dtype == "float32" else np.iinfo(dtype).max
        return Image(
            pixels=(values * scale).astype(dtype), name=name, digest="", path=None if in_memory else Path(name)
        )

    return make


@pytest.fixture
def make_prediction() -> MakePrediction:
    """A prediction whose map is calm but for one hot square of ``peak`` times the map threshold."""

    def make(score: float = 0.4, *, peak: float = 0.1, name: str = "part.png") -> Prediction:
        anomaly_map = np.full((32, 32), 0.1 * MAP_THRESHOLD, dtype=np.float32)
        anomaly_map[8:16, 8:16] = peak * MAP_THRESHOLD
        return Prediction(
            name=name,
            score=score,
            threshold=THRESHOLD,
            p_value=0.25,
            is_anomalous=score > THRESHOLD,
            anomaly_map=anomaly_map,
            map_threshold=MAP_THRESHOLD,
        )

    return make


@pytest.fixture
def largest_file() -> LargestFile:
    """Makes the system refuse to let any file grow beyond a number of bytes, as a full disk would."""
    resource = pytest.importorskip("resource", reason="file size limits are a thing of POSIX")

    @contextmanager
    def limited(size: int) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited


@pytest.fixture
def judged(make_image: MakeImage, make_prediction: MakePrediction) -> Judged:
    """An image with its prediction, as `ResultsWriter.add` takes them."""

    def make(
        name: str = "part.png", score: float = 0.4, *, shape: tuple[int, ...] = (48, 64, 3)
    ) -> tuple[Image, Prediction]:
        return make_image(name, shape=shape), make_prediction(score, peak=2 * score, name=name)

    return make


@pytest.fixture
def task() -> TaskSummary:
    return TaskSummary(
        title="Housing",
        extractor="efficientnet_lite0",
        input_size=(256, 320),
        shots=3,
        false_alarm_rate=0.05,
        threshold=THRESHOLD,
        map_threshold=MAP_THRESHOLD,
        normal_scores=(0.3, 0.5, 0.4),
        normal_names=("one.png", "two.png", "three.png"),
        notes=("Three photos promise little.",),
    )
