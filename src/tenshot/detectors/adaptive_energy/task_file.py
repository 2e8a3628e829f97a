"""Task files ``*.tenshot``: one safetensors file with the shots as tensors and everything else as JSON metadata.

Nothing in it can run code. It holds what cannot be recomputed - features, leave-one-out scores, settings - and the
digest of all of it; the dictionary is rebuilt from the shots on reading.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tenshot.core.config import DetectorConfig
from tenshot.core.errors import MissingError, OutputError, TaskFileError
from tenshot.detectors.adaptive_energy.consistency import require_consistent
from tenshot.detectors.adaptive_energy.shots import Shot
from tenshot.detectors.adaptive_energy.task import Task
from tenshot.detectors.framing import Framing
from tenshot.features.base import ExtractorSpec, state_digest

if TYPE_CHECKING:
    from torch import Tensor

    from tenshot.core.config import ExtractorConfig

__all__ = ["FORMAT_VERSION", "adapter_of", "read", "require_same_extractor", "write"]

FORMAT = "tenshot-task"
FORMAT_VERSION = 1
SHOT_TENSORS = ("features", "inside", "order", "frames")


def write(path: str | Path, task: Task, spec: ExtractorSpec) -> Path:
    """Writes a task file beside its place and renames it: whole or not at all. The same task gives the same bytes.

    It holds the names of the shots and of local files of weights and adapter as they were given; and where holding a
    shot out needs it (a single shot, gradient maps), the shot itself at input resolution.

    Raises:
        OutputError: if it cannot be written.
    """
    from safetensors.torch import save

    file = Path(path)
    tensors = _tensors(task)
    header = _header(task, spec)
    header |= {"digest": _digest(header, tensors)}
    # One metadata entry: safetensors does not promise an order for several.
    payload = save(tensors, metadata={FORMAT: json.dumps(header, sort_keys=True)})
    try:
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as beside:
            try:
                beside.write(payload)
                beside.flush()
                os.fsync(beside.fileno())
                Path(beside.name).chmod(0o644)
                Path(beside.name).replace(file)
            except BaseException:
                Path(beside.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        msg = f"{file}: cannot write the task file ({error.strerror or error})"
        raise OutputError(msg) from error
    return file


def read(path: str | Path) -> tuple[Task, ExtractorSpec]:
    """Reads a task file and the description of the extractor it was made with.

    Raises:
        MissingError: if there is no such file.
        TaskFileError: if it is damaged, truncated, foreign or of another version.
    """
    file = Path(path)
    # os.path answers False where Path would raise, as for a name that is too long.
    if not os.path.isfile(file):  # noqa: PTH113
        msg = f"{file}: expected a task file, found {'a folder' if os.path.isdir(file) else 'nothing'}"  # noqa: PTH112
        raise MissingError(msg)
    header, tensors = _open(file)
    if header.pop("digest", None) != _digest(header, tensors):
        _damaged(file, "its digest does not match its contents")
    try:
        task, spec = _task(header, tensors), ExtractorSpec(**_tuples(header["extractor"]))
        require_consistent(task, spec)
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError, IndexError, RuntimeError) as error:
        # The settings' own errors run over several lines.
        reason = str(error).partition("\n")[0]
        _damaged(file, f"its parts do not belong together: {type(error).__name__}: {reason}", error)
    return task, spec


def adapter_of(config: ExtractorConfig, spec: ExtractorSpec) -> str | Path | None:
    """The adapter that a task was made with, whatever the default is by now, which may have been another one then."""
    if spec.adapter is None:
        return "none"
    return config.adapter or "episodic"


def require_same_extractor(path: str | Path, recorded: ExtractorSpec, present: ExtractorSpec) -> None:
    """Refuses a task made with another extractor: its features would mean nothing here.

    Raises:
        TaskFileError: naming what differs.
    """
    if recorded != present:
        differs = [name for name, value in asdict(recorded).items() if value != asdict(present)[name]]
        msg = (
            f"{path}: made with another extractor, {_told(recorded)}; "
            f"here is {_told(present)} (differs: {', '.join(differs)})"
        )
        raise TaskFileError(msg)


def _told(spec: ExtractorSpec) -> str:
    adapter = f" and adapter {spec.adapter}" if spec.adapter else ""
    return f"{spec.name} with weights {spec.weights[:12]}{adapter}"


def _open(file: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt") as opened:
            metadata = opened.metadata() or {}
            if FORMAT not in metadata:
                msg = f"{file}: expected a tenshot task file, got another safetensors file"
                raise TaskFileError(msg)
            header = json.loads(metadata[FORMAT])
            if header["version"] != FORMAT_VERSION:
                msg = f"{file}: task file version {header['version']}; this tenshot reads version {FORMAT_VERSION}"
                raise TaskFileError(msg)
            return header, {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - not a mapping
    except (
        SafetensorError,
        OSError,
        KeyError,
        TypeError,
        json.JSONDecodeError,
        UnicodeDecodeError,
        RecursionError,
    ) as error:
        _damaged(file, str(error), error)


def _damaged(file: Path, reason: str, cause: Exception | None = None) -> NoReturn:
    msg = f"{file}: not a whole tenshot task file ({reason})"
    raise TaskFileError(msg) from cause


def _digest(header: dict[str, Any], tensors: dict[str, Tensor]) -> str:
    """SHA-256 of everything in a task file: a wrong digit in a stored score does as much harm as one in a feature."""
    written = json.dumps(header, sort_keys=True)
    return hashlib.sha256(f"{state_digest(tensors)} {written}".encode()).hexdigest()


def _tensors(task: Task) -> dict[str, Tensor]:
    found = {
        f"shots.{index}.{name}": getattr(shot, name).cpu().contiguous()
        for index, shot in enumerate(task.shots)
        for name in SHOT_TENSORS
        if getattr(shot, name) is not None
    }
    return found if task.roi is None else found | {"roi": task.roi.contiguous()}


def _header(task: Task, spec: ExtractorSpec) -> dict[str, Any]:
    from tenshot import __version__

    return {
        "version": FORMAT_VERSION,
        "tenshot": __version__,
        "extractor": asdict(spec),
        "config": task.config.model_dump(mode="json"),
        "framing": asdict(task.framing),
        "false_alarm_rate": task.false_alarm_rate,
        "support": [
            {"name": shot.name, "digest": shot.digest, "grey": shot.is_grey, "score": score, "peak": peak}
            for shot, score, peak in zip(task.shots, task.scores, task.peaks, strict=True)
        ],
    }


def _task(header: dict[str, Any], tensors: dict[str, Tensor]) -> Task:
    support = header["support"]
    shots = tuple(
        Shot(
            name=entry["name"],
            digest=entry["digest"],
            is_grey=bool(entry["grey"]),
            features=tensors[f"shots.{index}.features"],
            inside=tensors.get(f"shots.{index}.inside"),
            order=tensors[f"shots.{index}.order"],
            frames=tensors.get(f"shots.{index}.frames"),
        )
        for index, entry in enumerate(support)
    )
    return Task(
        config=DetectorConfig.model_validate(header["config"]),
        framing=Framing(size=tuple(header["framing"]["size"]), tile=header["framing"]["tile"]),
        roi=tensors.get("roi"),
        false_alarm_rate=float(header["false_alarm_rate"]),
        shots=shots,
        scores=tuple(float(entry["score"]) for entry in support),
        peaks=tuple(float(entry["peak"]) for entry in support),
    )


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
