"""A lesson with three parameters, runs of it that may be killed or have company, and tasks for real lessons."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import socket
import sys
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from tenshot.training.engine import run
from tenshot.training.lesson import Lesson, Outcome
from tenshot.training.lessons import build_lesson
from tenshot.training.run_settings import OptimiserSettings, RunSettings
from tenshot.training.settings import TrainingConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tenshot.training.episodic import EpisodicLesson

SIDE, TASKS, FRAMES = 80, 6, 6
TARGET = (1.0, 2.0, 3.0)
USUAL = {
    "steps": 10,
    "episodes_per_step": 4,
    "log_every": 3,
    "check_every": 5,
    "checkpoint_every": 4,
    "pictures_every": 5,
}


class Toy(Lesson):
    """Three numbers move towards noisy ones; a frozen layer stands by.

    Args:
        hooks: functions by the names of methods; one of ``batch`` is called before it with its arguments, the others
            take a method's place.
    """

    def __init__(self, **hooks: Callable[..., Any]) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.zeros(3))
        self.idle = nn.Parameter(torch.zeros(2))
        self.frozen = nn.Linear(3, 1, bias=False)
        with torch.no_grad():
            self.frozen.weight.fill_(1.0)
        self.before_batch = hooks.pop("batch", None)
        for name, hook in hooks.items():
            setattr(self, name, hook)

    def batch(self, step: int, indices: Sequence[int]) -> Tensor:
        if self.before_batch:
            self.before_batch(step, indices)
        drawn = [torch.randn(3, generator=torch.Generator().manual_seed(1000 * step + index)) for index in indices]
        return torch.stack(drawn) + torch.tensor(TARGET)

    def outcome(self, batch: Tensor, step: int) -> Outcome:
        facts: dict[str, float | Tensor] = {"sum": self.frozen(batch).mean()}
        if step % 4 == 0:
            facts["sometimes"] = float(step)
        return Outcome((self.w - batch).square().sum(1).mean(), facts)

    def trained(self) -> list[nn.Parameter]:
        return [self.w, self.idle]

    def pictures(self, step: int) -> dict[str, Tensor]:
        return {"weights": self.w.detach().reshape(1, 1, 3, 1, 1).expand(2, 4, 3, 8, 8) / step}

    def weights(self) -> tuple[dict[str, Tensor], dict[str, str]]:
        return {"w": self.w, "idle": self.idle}, {"kind": "toy"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Gym:
    """Where toys are trained.

    Attributes:
        out: the folder of results.
    """

    out: Path

    toy = Toy

    def train(self, lesson: Lesson | None = None, *, out: str = "out", resume: bool = False, **settings: Any) -> Path:
        """Trains in this process; settings of the optimiser are told by their names, others are those of the run."""
        chosen = {**USUAL, **settings}
        optimiser = {name: chosen.pop(name) for name in list(chosen) if name in OptimiserSettings.model_fields}
        extra = {name: chosen.pop(name) for name in ("progress", "stop", "config") if name in chosen}
        return run(
            lesson or Toy(),
            settings=RunSettings(**chosen),
            optimiser=OptimiserSettings(**{"learning_rate": 0.1, "warmup": 3, **optimiser}),
            out=self.out / out,
            resume=resume,
            **extra,
        )

    def apart(self, action: Callable[[], object]) -> int | None:
        """Does something in a process of its own, forked, since importing Lightning anew would take seconds.

        Returns:
            Its exit status, negative for a signal.
        """
        return self.side_by_side([action])[0]

    def together(self, action: Callable[[int], object], *, world: int = 2) -> list[int | None]:
        """Does something in several processes that know of each other as torchrun tells them."""
        port = _free_port()

        def member(rank: int) -> Callable[[], object]:
            def act() -> object:
                os.environ |= {
                    "TORCHELASTIC_RUN_ID": "test",
                    "RANK": str(rank),
                    "LOCAL_RANK": str(rank),
                    "WORLD_SIZE": str(world),
                    "LOCAL_WORLD_SIZE": str(world),
                    "GROUP_RANK": "0",
                    "MASTER_ADDR": "127.0.0.1",
                    "MASTER_PORT": str(port),
                }
                return action(rank)

            return act

        return self.side_by_side([member(rank) for rank in range(world)])

    def side_by_side(self, actions: Sequence[Callable[[], object]]) -> list[int | None]:
        """Runs each action in a process of its own and waits for all of them."""

        def act(action: Callable[[], object]) -> None:
            status = 1
            try:
                action()
                status = 0
            except BaseException:  # noqa: BLE001 - a forked test must not go on as another pytest
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)

        processes = [multiprocessing.get_context("fork").Process(target=act, args=(action,)) for action in actions]
        for process in processes:
            process.start()
        for process in processes:
            process.join(60)
            process.kill()
            process.join()
        return [process.exitcode for process in processes]


@pytest.fixture
def gym(tmp_path: Path) -> Gym:
    return Gym(tmp_path)


@pytest.fixture(scope="session")
def textures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of six tasks ``t0`` to ``t5``, six pictures of 80x80 pixels each: stripes of one kind in two colours."""
    root = tmp_path_factory.mktemp("textures")
    random = np.random.default_rng(0)
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    for task in range(TASKS):
        folder = root / f"t{task}"
        folder.mkdir()
        frequency, colours = random.uniform(2, 10, 2), random.uniform(0, 255, (2, 3))
        for frame in range(FRAMES):
            wave = 0.5 + 0.5 * np.sin(2 * np.pi * (frequency[0] * x + frequency[1] * y) + random.uniform(0, 6))
            pixels = wave[..., None] * colours[0] + (1 - wave[..., None]) * colours[1]
            noisy = (pixels + random.normal(0, 8, pixels.shape)).clip(0, 255).astype(np.uint8)
            Image.fromarray(noisy).save(folder / f"{frame}.png")
    return root


@pytest.fixture
def configure(textures: Path) -> Callable[..., TrainingConfig]:
    """Makes small configurations: four tasks to learn from, two to be watched on, episodes of 2 + 2 at 64 pixels."""

    def build(**sections: Any) -> TrainingConfig:
        small: dict[str, Any] = {
            "tasks": [{"folder": textures, "exclude": ["t4", "t5"]}],
            "validation": [{"folder": textures, "only": ["t4", "t5"]}],
            "validating": {"episodes": 2, "steps": 1},
            "episode": {"shots": 2, "queries": 2, "image_size": 64, "augmentation": "none"},
            "langevin": {"steps": 1},
            "negatives": {"patches": {"area": (0.02, 0.05), "aspect": (0.5, 2.0), "kinds": ["constant"], "most": 1}},
        }
        return TrainingConfig.model_validate(small | sections)

    return build


@pytest.fixture
def lesson_of(textures: Path, configure: Callable[..., TrainingConfig]) -> Callable[..., EpisodicLesson]:
    """Makes lessons of small configurations."""

    def build(**sections: Any) -> Any:
        return build_lesson(configure(**sections), textures.parent)

    return build


@pytest.fixture
def train() -> Callable[..., list[dict[str, float]]]:
    """The plainest loop there is: steps of Adam on one episode each; gives the rows of a log, and asks for collapse."""

    def descend(lesson: EpisodicLesson, *, steps: int, rate: float) -> list[dict[str, float]]:
        optimiser = torch.optim.Adam(lesson.trained(), lr=rate)
        rows: list[dict[str, float]] = []
        for step in range(steps):
            outcome = lesson.outcome(lesson.batch(step, [0]), step)
            optimiser.zero_grad()
            outcome.loss.backward()
            optimiser.step()
            facts = {name: float(value) for name, value in outcome.facts.items()}
            rows.append({"step": step + 1, "loss": outcome.loss.item(), **facts})
            lesson.check(step + 1, rows)
        return rows

    return descend


@pytest.fixture
def in_halves() -> Callable[..., dict[str, Tensor]]:
    """Trains whole, and in two halves of which the first is told to stop; gives the weights that both end with."""

    def compare(trained: Callable[..., dict[str, Tensor]], *, stop_at: int) -> dict[str, Tensor]:
        asked = itertools.count(1)
        whole = trained("whole")
        with pytest.raises(KeyboardInterrupt):
            trained("halves", stop=lambda: next(asked) == stop_at)
        resumed = trained("halves", resume=True)
        assert all(torch.equal(resumed[name], tensor) for name, tensor in whole.items())
        return whole

    return compare
