"""Whole tables: what is missing is measured, every cell is kept at once, and the table is written anew."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch

from tenshot.core.config import DetectorConfig, ExtractorConfig
from tenshot.data.catalogue import find_sets
from tenshot.detectors import Detector
from tenshot.evaluation.calibration import RATES, calibration_tables, measure_alarms
from tenshot.evaluation.ledger import Ledger, made_by, write_whole
from tenshot.evaluation.machine import code_digest
from tenshot.evaluation.protocol import SETS
from tenshot.evaluation.remembering import RememberingExtractor
from tenshot.features import build_extractor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tenshot.data.folders import Category

    Tell = Callable[[str], None]

__all__ = ["Subject", "run_calibration"]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured: the product's default settings on some extractor.

    Attributes:
        extractor: its name.
        weights: a local file with its weights; ``None`` for its own.
        image_size: input side in pixels; ``None`` for the extractor's own.
        threads: how many threads torch may use.
    """

    extractor: str = "efficientnet_lite0"
    weights: Path | None = None
    image_size: int | None = None
    threads: int = 2

    @property
    def config(self) -> DetectorConfig:
        """Its settings."""
        extractor = ExtractorConfig(name=self.extractor, weights=self.weights)
        return DetectorConfig(extractor=extractor, image_size=self.image_size)

    def build(self) -> RememberingExtractor:
        """Its extractor, shared by all tasks of a table."""
        torch.set_num_threads(self.threads)
        return RememberingExtractor(build_extractor(self.config.extractor))


def run_calibration(
    out: Path,
    *,
    subject: Subject,
    data: Path,
    sets: Sequence[str] | None,
    shots: Sequence[int],
    draws: int,
    tell: Tell,
) -> None:
    """Measures false alarms and writes ``out`` and the JSON file beside it; cells that are already there are kept.

    Args:
        out: the Markdown file.
        subject: what is measured.
        data: the folder of real photos.
        sets: folders or names of known sets; ``None`` for the usual ones.
        shots: sizes of the support.
        draws: how many of each.
        tell: told how far the run is.

    Raises:
        InputError: for an unknown set.
        MissingError: for data or weights that are not there.
        OutputError: if the results cannot be written.
    """
    extractor = subject.build()
    ledger = Ledger(
        out.with_suffix(".json"),
        title="calibration",
        settings=_settings(subject, extractor)
        | {"rates": RATES, "detector": Detector(extractor, subject.config).settings},
    )
    for category in _categories(sets, data, ledger, tell):
        pairs = [(count, seed) for count in shots for seed in range(draws)]
        wanted = [(k, s) for k, s in pairs if not ledger.has(set=category.name, shots=k, seed=s)]
        if wanted:
            label = f"{category.name}: {len(wanted)} of {len(pairs)} draws to judge"
            progress = _progress(label, tell)
            for cell in measure_alarms(category, wanted, extractor=extractor, config=subject.config, progress=progress):
                ledger.add(cell)
        title = f"# False alarms, wanted and measured, {subject.extractor}"
        write_whole(out, _page(title, calibration_tables(ledger.cells, list(ledger.header["sets"])), ledger))


def _categories(sets: Sequence[str] | None, data: Path, ledger: Ledger, tell: Tell) -> Iterator[Category]:
    """Finds all sets before anything is measured, and notes what each is made of."""
    categories = [category for wanted in dict.fromkeys(sets or SETS) for category in find_sets(wanted, data=data)]
    if ledger.dropped:
        tell(f"{ledger.file}: {ledger.dropped} cells were measured by other code or settings and are dropped")
    for category in categories:
        bad = sum(item.is_anomalous for item in category.test)
        counts = {"train": len(category.train_good), "test_good": len(category.test) - bad, "test_defective": bad}
        noted = counts | {"masks": category.has_all_masks}
        ledger.note(sets={**ledger.header.get("sets", {}), category.name: noted})
        yield category


def _settings(subject: Subject, extractor: RememberingExtractor) -> dict[str, Any]:
    return {"extractor": asdict(extractor.spec), "image_size": subject.image_size, "code": code_digest()}


def _page(title: str, tables: str, ledger: Ledger) -> str:
    seeds = sorted({cell["seed"] for cell in ledger.cells})
    spread = "Figures are means ± standard deviations over seeds, which draw the shots."
    return f"{title}\n\n{spread}\n\n{tables}\n\n{made_by(ledger, seeds=seeds)}\n"


def _progress(label: str, tell: Tell) -> Callable[[int, int], None]:
    tell(label)

    def report(done: int, total: int) -> None:
        if done * 10 // total != (done - 1) * 10 // total:
            tell(f"  {done}/{total} photos")

    return report
