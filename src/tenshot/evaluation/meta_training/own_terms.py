"""Training on its own terms: what trained weights and their untrained twin do to held-out tasks, side by side."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from tenshot.core.errors import InputError
from tenshot.evaluation.ledger import Ledger, write_whole
from tenshot.evaluation.machine import code_digest
from tenshot.evaluation.meta_training.curves import TRAINING_ROOMS
from tenshot.evaluation.meta_training.own_terms_page import own_terms_page
from tenshot.evaluation.meta_training.own_terms_sheet import own_terms_sheet
from tenshot.evaluation.meta_training.probing import Grid, probe, read_subject
from tenshot.evaluation.meta_training.setting import configured, parse_source, recorded
from tenshot.training.files import write_whole as write_bytes
from tenshot.training.tasks import gather_tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tenshot.evaluation.meta_training.probing import Subject
    from tenshot.training.settings import TrainingConfig
    from tenshot.training.tasks import Tasks

    Tell = Callable[[str], None]

__all__ = ["GRID", "parse_weights", "run_own_terms"]

TITLE = "own_terms"
GRID = Grid(sizes=(0.001, 0.0025, 0.005, 0.01), steps=(1, 2, 5, 10))


def parse_weights(text: str) -> tuple[str, Path]:
    """``NAME=FILE``, or a file that is called by its own name; a name is what tables say.

    >>> parse_weights("longer=runs/2/weights.safetensors")[0]
    'longer'
    """
    name, equals, file = text.partition("=")
    path = Path(file if equals else text)
    return (name if equals else path.stem), path


def run_own_terms(
    out: Path,
    *,
    weights: Sequence[str],
    tasks: Sequence[str],
    sheet_of: str,
    seeds: int,
    episodes: int,
    grid: Grid = GRID,
    changes: Sequence[str] = (),
    threads: int,
    tell: Tell,
) -> None:
    """Measures what is missing and writes ``out``, its JSON file and its sheet of pictures.

    Args:
        out: the Markdown file.
        weights: files that trainings wrote, as ``parse_weights`` reads them.
        tasks: sources of tasks that nothing was learned from, as ``setting.parse_source`` reads them.
        sheet_of: source of the tasks that pictures show, which are published with the sheet.
        seeds: how many sets of episodes.
        episodes: of a set.
        grid: step sizes and numbers of Langevin steps, beside those of the settings.
        changes: of the settings, which are otherwise those of any training.
        threads: how many threads torch may use.
        tell: told how far the run is.

    Raises:
        InputError: for two weights of one name, or settings that cannot be.
        MissingError: for files or folders that are not there.
        ExtractorError: for a file of something else.
        OutputError: if the results cannot be written.
    """
    torch.set_num_threads(threads)
    base = _base(tasks, episodes, changes)
    usual = base.langevin
    grid = Grid(tuple(sorted({*grid.sizes, usual.step_size})), tuple(sorted({*grid.steps, usual.steps})))
    settings = {"base": recorded(base), "grid": grid._asdict(), "code": code_digest(TRAINING_ROOMS)}
    named = _distinct([parse_weights(text) for text in weights])
    subjects = {name: read_subject(name, file, base=base) for name, file in named.items()}
    digests = {name: hashlib.sha256(file.read_bytes()).hexdigest()[:16] for name, file in named.items()}
    # What is changed of the measured tasks, by their places, is not meant for those on the sheet.
    pictured = _base([sheet_of], episodes, [each for each in changes if not each.startswith("tasks.")])
    ledger = Ledger(out.with_suffix(".json"), title=TITLE, settings=settings)
    if ledger.dropped:
        tell(f"{ledger.file}: {ledger.dropped} measurements were made by other code or settings and are dropped")
    # Of weights that are asked for no more there is nothing to be shown.
    ledger.cells = [cell for cell in ledger.cells if digests.get(cell["network"]) == cell["weights"]]
    for name, subject in subjects.items():
        key = {"network": name, "weights": digests[name]}
        _measure(subject, _tasks(subject, base), ledger, key=key, grid=grid, seeds=seeds, tell=tell)
    ledger.write()
    sheet = out.with_suffix(".png")
    shown = [(subject, _tasks(subject, pictured)) for subject in subjects.values()]
    write_bytes(sheet, own_terms_sheet(shown, ledger.cells, grid=grid))
    write_whole(out, own_terms_page(ledger, sheet=sheet.name, pictured=pictured.tasks[0].kind))


def _base(tasks: Sequence[str], episodes: int, changes: Sequence[str]) -> TrainingConfig:
    sources = [parse_source(text, held_out=True) for text in tasks]
    # Nothing is learned: the tasks stand where a configuration wants some.
    return configured(sources, [], usual={"validating": {"steps": 1, "episodes": episodes}}, changes=changes)


def _distinct(named: Iterable[tuple[str, Path]]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for name, file in named:
        if name in found:
            msg = f"--weights {file}: expected a name of its own, as NAME=FILE, got {name} twice"
            raise InputError(msg)
        found[name] = file
    return found


def _tasks(subject: Subject, base: TrainingConfig) -> Tasks:
    episode = subject.config.episode
    needed = episode.shots + episode.queries
    return gather_tasks(base.tasks, image_size=episode.image_size, needed=needed, base=Path(), memory=base.memory)


def _measure(
    subject: Subject,
    tasks: Tasks,
    ledger: Ledger,
    *,
    key: dict[str, str],
    grid: Grid,
    seeds: int,
    tell: Tell,
) -> None:
    for seed in range(seeds):
        config = subject.config.model_copy(update={"seed": seed})
        for state, embedding in (("trained", subject.trained), ("untrained", subject.untrained)):
            cell = {**key, "state": state, "seed": seed}
            if not ledger.has(**cell):
                tell(f"{subject.name}, {state}, seed {seed}")
                ledger.add(cell | probe(embedding, tasks, config, grid=grid)._asdict())
