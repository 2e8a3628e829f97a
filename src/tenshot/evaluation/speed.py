"""Time and memory: the product beside its own forward pass and beside the peer, by turns, in fresh processes."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenshot.core.errors import TenshotError
from tenshot.evaluation.ledger import Ledger, write_whole
from tenshot.evaluation.peer_environment import PEER, peer_python
from tenshot.evaluation.processes import run_process
from tenshot.evaluation.speed_tables import speed_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenshot.evaluation.ledger import Cell
    from tenshot.evaluation.processes import Run

    Tell = Callable[[str], None]

__all__ = ["run_speed"]

PROBE = (sys.executable, "-m", "tenshot.evaluation.probes")
STARTS = 7
WARM_UP = 10
TIMED_IMPORT = (
    "import json, sys, time; begin = time.perf_counter(); import tenshot; "
    "print(json.dumps({'seconds': time.perf_counter() - begin, 'torch': 'torch' in sys.modules}))"
)


def run_speed(out: Path, *, rounds: int, threads: int, peer: Path | None, tell: Tell) -> None:
    """Measures speed and memory, and writes ``out`` and the JSON file beside it, anew every time.

    Args:
        out: the Markdown file.
        rounds: how often every process is run; the sides take turns within a round.
        threads: how many threads either side may use.
        peer: folder of the peer's environment; ``None`` to leave the peer out.
        tell: told every figure as it comes.

    Raises:
        MissingError: without the solar cells.
        OutputError: if the results cannot be written.
        TenshotError: if a process of the product fails.
    """
    settings = {"threads": threads, "rounds": rounds, "peer": PEER if peer else None}
    ledger = Ledger(out.with_suffix(".json"), title="speed", settings=settings, resume=False)
    with tempfile.TemporaryDirectory(prefix="tenshot-bench-") as name:
        bench = _Bench(Path(name), ledger=ledger, threads=threads, tell=tell)
        bench.prepare()
        if peer is not None:
            bench.find_peer(peer)
        bench.measure_ratios()
        bench.measure_starts()
        for number in range(rounds):
            tell(f"round {number + 1} of {rounds}")
            bench.measure_round(number)
    write_whole(out, speed_page(ledger))


class _Bench:
    """What the sides share: photos on disk, weights, kept models, and the record."""

    def __init__(self, folder: Path, *, ledger: Ledger, threads: int, tell: Tell) -> None:
        self.folder, self.good, self.query = folder, folder / "good", folder / "query"
        self.weights = folder / "weights.safetensors"
        self.ledger, self.threads, self.tell = ledger, threads, tell
        self.peer: tuple[str | Path, ...] | None = None

    def prepare(self) -> None:
        self._run(*PROBE, "photos", self.good, self.query)
        self._run(*PROBE, "weights", self.weights)

    def find_peer(self, folder: Path) -> None:
        """Makes the peer ready; without it the rest is measured all the same, and the table says why."""
        try:
            python = peer_python(folder.absolute(), tell=self.tell)
        except TenshotError as error:
            self._without_peer(error)
        else:
            # -P: the peer must not find modules of this folder under the names of its own.
            self.peer = (python, "-P", "-W", "ignore", Path(__file__).with_name("peer.py"))

    def measure_ratios(self) -> None:
        report = self._run(*PROBE, "ratios", self.good).report
        self._keep("tenshot", "ratios", report)
        forward, score = (1e3 * statistics.median(report[name]) for name in ("forward", "score"))
        self.tell(f"forward pass {forward:.1f} ms, scoring {score:.1f} ms")

    def measure_starts(self) -> None:
        for _ in range(STARTS):
            report = self._run(sys.executable, "-c", TIMED_IMPORT).report
            wall = self._run(sys.executable, "-m", "tenshot", "--help").wall
            self._keep("tenshot", "starting", {"import": report["seconds"], "torch": report["torch"], "help": wall})
        self.tell(f"import tenshot {report['seconds']:.2f} s, tenshot --help {wall:.2f} s")

    def measure_round(self, number: int) -> None:
        task, model = self.folder / "part.tenshot", self.folder / "model.safetensors"
        photo = min(self.query.iterdir())
        photos = (self.good, self.query)
        self._adapt("tenshot", *PROBE, "adapt", *photos, task, "default")
        self._adapt("tenshot, peer's layers", *PROBE, "adapt", *photos, self.folder / "peer.tenshot", "peer")
        self._as_peer(self._adapt, "adapt", *photos, self.weights, model)
        self._start("tenshot", *PROBE, "start", task, photo)
        self._as_peer(self._start, "start", self.weights, model, photo)
        results = self.folder / f"results-{number}"
        self._whole("tenshot", sys.executable, "-m", "tenshot", "inspect", *photos, "-o", results)
        self._as_peer(self._whole, "engine", *photos)

    def _adapt(self, who: str, *command: str | Path) -> None:
        run = self._run(*command)
        # The first pass over the photos pays for what a process does once.
        score = statistics.median(run.report["score"][WARM_UP:])
        self._keep(who, "adapt", {"adapt": run.report["adapt"], "score": score, "peak": run.peak})
        self.tell(f"  {who}: adapts in {run.report['adapt']:.2f} s, scores in {1e3 * score:.1f} ms, {run.peak:.0f} MiB")

    def _start(self, who: str, *command: str | Path) -> None:
        run = self._run(*command)
        seconds = run.report["scored_at"] - run.started
        self._keep(who, "start", {"start": seconds})
        self.tell(f"  {who}: first score after {seconds:.2f} s")

    def _whole(self, who: str, *command: str | Path) -> None:
        run = self._run(*command)
        self._keep(who, "whole", {"wall": run.wall, "whole_peak": run.peak, **run.report})
        self.tell(f"  {who}: whole run {run.wall:.1f} s, {run.peak:.0f} MiB")

    def _as_peer(self, measure: Callable[..., None], *arguments: str | Path) -> None:
        if self.peer is None:
            return
        try:
            measure("PatchCore", *self.peer, *arguments)
        except TenshotError as error:
            self._without_peer(error)

    def _without_peer(self, error: TenshotError) -> None:
        self.peer = None
        self.ledger.note(peer_missing=str(error))
        self.tell(f"going on without the peer: {error}")

    def _keep(self, who: str, what: str, figures: dict[str, Any]) -> None:
        cell: Cell = {"who": who, "what": what, **figures}
        self.ledger.add(cell)

    def _run(self, *command: str | Path) -> Run:
        return run_process(command, threads=self.threads, folder=self.folder)
