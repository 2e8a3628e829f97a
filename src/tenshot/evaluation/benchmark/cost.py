"""What a detector costs: time and memory, in a process of its own, with nothing shared and nothing else running."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tenshot.core.errors import TenshotError
from tenshot.evaluation.benchmark.schema import Cost
from tenshot.evaluation.benchmark.workers import limit_threads, watch_parent

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from tenshot.evaluation.benchmark.desk import Desk
    from tenshot.evaluation.benchmark.plan import Key

__all__ = ["measure_cost"]

QUERIES = 10
WARM_UP = 2
KIB = 1024


def measure_cost(desk: Desk, key: Key, *, threads: int) -> Cost:
    """Adapts once and judges a dozen images in a new process.

    Args:
        desk: of the request.
        key: of a cell: whose detector, product, shots and seed.
        threads: that numerical libraries may use.

    Raises:
        TenshotError: if the process ends without an answer.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, threads), daemon=True)
    process.start()
    theirs.close()
    try:
        # By the pipe and not with the process: unpickling imports numpy, before which threads must be limited.
        ours.send((desk, key))
        answer: Cost | str = ours.recv()
    except (EOFError, OSError) as error:
        process.join()
        msg = f"{key.set}, {key.detector}: measuring its cost ended unexpectedly (status {process.exitcode})"
        raise TenshotError(msg) from error
    finally:
        process.terminate()
        process.join()
        ours.close()
    if isinstance(answer, str):
        msg = f"{key.set}, {key.detector}: {answer}"
        raise TenshotError(msg)
    return answer


def _serve(connection: Connection, threads: int) -> None:
    watch_parent()
    limit_threads(threads)
    desk, key = connection.recv()
    try:
        connection.send(_measure(desk, key, threads))
    except TenshotError as error:
        connection.send(str(error))
    connection.close()


def _measure(desk: Desk, key: Key, threads: int) -> Cost:
    from tenshot.evaluation.benchmark.conditions import parse_condition
    from tenshot.evaluation.benchmark.desk import load_categories
    from tenshot.evaluation.benchmark.draws import draw
    from tenshot.evaluation.benchmark.judging import read

    category = load_categories(desk.request)[key.set]
    names = desk.names[key.set].get(str(key.seed), ())
    drawn = draw(category, names, shots=key.shots, condition=parse_condition(key.condition), seed=key.seed)
    support = [read(source) for source in drawn.support]
    queries = [read(item.source) for item in category.test[:QUERIES]]
    detector, train_seconds = desk.plain(key)
    begin = time.perf_counter()
    adapted = detector.adapt(support, false_alarm_rate=desk.request.false_alarm_rate)
    adapt_seconds = time.perf_counter() - begin
    for image in queries[:WARM_UP]:
        adapted.predict(image)
    seconds = []
    for image in queries:
        begin = time.perf_counter()
        adapted.predict(image)
        seconds.append(time.perf_counter() - begin)
    return Cost(
        detector=key.detector,
        set=key.set,
        shots=key.shots,
        threads=threads,
        adapt_seconds=adapt_seconds,
        image_milliseconds=1000 * statistics.median(seconds),
        peak_mib=_peak_kib() / KIB,
        train_seconds=train_seconds,
    )


def _peak_kib() -> float:
    """Largest resident memory of this process; unlike ``ru_maxrss`` it does not begin with its parent's."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
        return float(line.split()[1])
    import resource

    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
