"""The options of ``tenshot benchmark``, in groups. ``None`` and an empty list stand for the library's default."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["AblationOptions", "ProtocolOptions", "RobustnessOptions", "TaskOptions"]

_protocol = partial(typer.Option, rich_help_panel="Protocol")
_robustness = partial(typer.Option, rich_help_panel="Robustness (each adds a condition beside the plain one)")
_ablation = partial(typer.Option, rich_help_panel="Ablations of the adaptive energy model (each value is a row)")


@dataclass(frozen=True, kw_only=True)
class TaskOptions:
    """Where things are and how the run goes."""

    out: Annotated[Path, typer.Option("-o", "--out", metavar="OUT", help="Folder for the results.")] = Path(
        "tenshot-benchmark"
    )
    data: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", envvar="TENSHOT_DATA", help="Where known sets are looked up by name."),
    ] = None
    resume: Annotated[
        bool, typer.Option("--resume", metavar="", help="Go on with what is in OUT; finished cells are kept.")
    ] = False
    jobs: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Processes, one thread each. [dim]default: all cores[/dim]")
    ] = None
    no_costs: Annotated[
        bool, typer.Option("--no-costs", metavar="", help="Do not measure time and memory at the end.")
    ] = False
    debug: Annotated[bool, typer.Option("--debug", metavar="", help="Show the traceback of an error.")] = False


@dataclass(frozen=True, kw_only=True)
class ProtocolOptions:
    """What all cells of a benchmark have in common. ``None`` and an empty list stand for the default."""

    detector: Annotated[
        list[str] | None,
        _protocol(
            metavar="NAME[@EXTRACTOR]...",
            help="Whom to measure; [bold]--list[/bold] names all. [dim]default: adaptive nearest[/dim]",
        ),
    ] = None
    shots: Annotated[
        list[int] | None,
        _protocol(metavar="K...", min=1, help="Numbers of normal images. [dim]default: 1 2 4 10[/dim]"),
    ] = None
    seeds: Annotated[int, _protocol(metavar="N", min=1, help="Draws of the normal images.")] = 5
    support: Annotated[
        Path | None,
        _protocol(metavar="results.json", help="Replay the draws of an earlier benchmark instead of drawing."),
    ] = None
    false_alarm_rate: Annotated[
        float, _protocol(metavar="RATE", help="For which thresholds are calibrated, from the normal images alone.")
    ] = 0.05
    test_images: Annotated[
        int | None,
        _protocol(metavar="N", min=1, help="Judge at most N normal and N anomalous images. [dim]default: all[/dim]"),
    ] = None
    train_on: Annotated[
        list[Path] | None,
        _protocol(
            metavar="FOLDER...",
            help="Also train on the sub-folders of images in it; what is judged is never trained on.",
        ),
    ] = None
    train_apart: Annotated[
        bool,
        _protocol("--train-apart", metavar="", help="Train on the folders of --train-on alone, once for all products."),
    ] = False
    image_size: Annotated[
        int | None, _protocol(metavar="PIXELS", help="Input size. [dim]default: each extractor's own[/dim]")
    ] = None
    weights: Annotated[
        list[str] | None,
        _protocol(metavar="EXTRACTOR=FILE...", help="Local safetensors files with weights of extractors."),
    ] = None
    no_controls: Annotated[
        bool,
        _protocol(
            "--no-controls", metavar="", help="Leave out what trained detectors are compared with: untrained, nearest."
        ),
    ] = False


@dataclass(frozen=True, kw_only=True)
class RobustnessOptions:
    """What is done to supports and queries."""

    pose: Annotated[
        list[str] | None,
        _robustness(metavar="none|query|both...", help="Turn the judged images by 90°, or these and the normal ones."),
    ] = None
    contaminate: Annotated[
        list[float] | None,
        _robustness(metavar="PERCENT...", help="Put anomalous images among the normal ones: 1 2 5 10."),
    ] = None
    corrupt: Annotated[
        list[str] | None,
        _robustness(
            metavar="KIND:1|2|3...",
            help="Change the judged images: brightness, contrast, blur, noise, jpeg, shift.",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class AblationOptions:
    """What is varied within the adaptive energy model."""

    sparsity: Annotated[
        list[str] | None,
        _ablation(metavar="on|off...", help="With the shrinkage of the sparse coder, and without (Table 4)."),
    ] = None
    vary_receptive_field: Annotated[
        list[int] | None, _ablation("--receptive-field", metavar="L...", help="l of Section 3.1.1, odd (Table 3).")
    ] = None
    shrinkage: Annotated[
        list[str] | None, _ablation(metavar="soft|sigshrink|none...", help="Soft (Eq. 7), SigShrink (Eq. 9), or none.")
    ] = None
    set: Annotated[
        list[str] | None,
        _ablation(metavar="SECTION.NAME=VALUE...", help="Any other setting, as in coding.active_atoms=10."),
    ] = None
