"""The command that trains: ``train``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from tenshot.cli.grouping import command

__all__ = ["TrainingOptions", "train"]


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """What is said besides the file of settings."""

    set: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE...", help="Change settings of the file, by dotted name: run.steps=500."),
    ] = None
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="OUT", help="Folder for weights, log, pictures and checkpoints.")
    ] = Path("tenshot-training")
    resume: Annotated[
        bool, typer.Option("--resume", metavar="", help="Go on with the training in OUT, or begin if there is none.")
    ] = False
    debug: Annotated[bool, typer.Option("--debug", metavar="", help="Show the traceback of an error.")] = False


@command
def train(
    config: Annotated[
        Path, typer.Option("-c", "--config", metavar="FILE.yaml", help="The settings: what to learn from, and how.")
    ],
    *,
    options: TrainingOptions,
) -> None:
    """Train an extractor in episodes over many products, as a file says.

    OUT gets weights.safetensors, the complete config.yaml, log.csv (and the
    same for TensorBoard), pictures, and the two newest checkpoints. A training
    that was stopped or killed goes on with [bold]--resume[/bold], exactly as if nothing had been.

    [bold]Examples[/bold]

      tenshot train --config parts.yaml -o trained
      tenshot train --config parts.yaml -o trained --resume
      tenshot train --config parts.yaml --set run.steps=500 seed=1
      tenshot train --config parts.yaml --set run.processes=2
      torchrun --nproc-per-node=8 -m tenshot train --config parts.yaml

    [bold]The shortest file[/bold]

      tasks:
        - folder: parts    # a folder of photos of good parts per product
    """
    from tenshot.cli.teaching import teach

    teach(config, options)
