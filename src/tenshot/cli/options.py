"""Every option of the command line, declared once, in the groups that commands share.

``None`` means "the library's default", so that nothing here has to import the configuration to show a help page.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = [
    "DemoOut",
    "DetectorOptions",
    "Images",
    "JsonOut",
    "NewFalseAlarmRate",
    "NormalDir",
    "OutputOptions",
    "ResultsOut",
    "RunOptions",
    "SkipBroken",
    "SupportOptions",
    "TaskArgument",
    "TaskOut",
]

Coding = Literal["local", "active", "full", "nearest"]
Augment = Literal["none", "flips", "rotations", "all"]
MapKind = Literal["residual", "gradient"]
ScoreKind = Literal["worst", "energy"]

SUPPORT = "Normal photos"
METHOD = "Method (the defaults were chosen by measurement)"
OUTPUT = "Results"
MACHINE = "Machine"

_support = partial(typer.Option, rich_help_panel=SUPPORT)
_method = partial(typer.Option, rich_help_panel=METHOD)
_output = partial(typer.Option, metavar="", rich_help_panel=OUTPUT)
_machine = partial(typer.Option, rich_help_panel=MACHINE)

NormalDir = Annotated[
    Path,
    typer.Argument(metavar="NORMAL_DIR", help="Photos of good parts, about ten: a folder, a file or a quoted glob."),
]
Images = Annotated[
    list[Path],
    typer.Argument(metavar="IMAGES", help="Photos: files, folders (searched recursively) or quoted globs."),
]
NewFalseAlarmRate = Annotated[
    float | None,
    typer.Option(metavar="RATE", help="Judge at another false-alarm rate than the one adapted with."),
]
SkipBroken = Annotated[
    bool, _support("--skip-broken", metavar="", help="Leave out normal photos that cannot be used, and name them.")
]
TaskArgument = Annotated[
    Path, typer.Argument(metavar="PART.tenshot", help="A task file, as written by [bold]tenshot adapt[/bold].")
]
JsonOut = Annotated[bool, typer.Option("--json", metavar="", help="Print JSON on stdout instead of tables.")]
TaskOut = Annotated[
    Path | None,
    typer.Option("-o", "--out", metavar="FILE", help="Write here and leave the old task file as it is."),
]
DemoOut = Annotated[
    Path,
    typer.Option("-o", "--out", metavar="OUT", help="Folder for the results; those of an earlier run are replaced."),
]
ResultsOut = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--out",
        metavar="OUT",
        help="Folder for the results; those of an earlier run are replaced. [dim]default: tenshot-results[/dim]",
    ),
]


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What every command takes: each of them loads the network."""

    device: Annotated[str, _machine(metavar="NAME", help="Where to compute: cpu, cuda, cuda:1, ...")] = "cpu"
    threads: Annotated[
        int | None, _machine(metavar="N", help="Processor threads to use. [dim]default: all cores[/dim]")
    ] = None
    weights: Annotated[
        Path | None,
        _machine(
            metavar="FILE",
            help="Weights of the extractor from a safetensors file. [dim]default: the package or timm[/dim]",
        ),
    ] = None
    adapter: Annotated[
        str | None,
        _machine(
            metavar="NAME|FILE",
            help="Adapter of the extractor's features: none, episodic (the one that came with tenshot), or a file. "
            "[dim]default: none; of a task file, its own[/dim]",
        ),
    ] = None
    debug: Annotated[bool, _machine("--debug", metavar="", help="Show the traceback of an error.")] = False


@dataclass(frozen=True, kw_only=True)
class SupportOptions:
    """What is said about the normal photos."""

    select: Annotated[
        int | None, _support(metavar="K", help="Adapt to the K most representative photos only, and say why these.")
    ] = None
    false_alarm_rate: Annotated[
        float, typer.Option(metavar="RATE", help="Share of good parts that may be flagged, above 0 and below 1.")
    ] = 0.05
    roi: Annotated[
        Path | None,
        _support(metavar="MASK.png", help="Judge only where this mask is white; it lies over every photo alike."),
    ] = None
    augment: Annotated[
        Augment | None,
        _support(help="Also learn flipped or rotated copies, for parts that lie any way. [dim]default: none[/dim]"),
    ] = None
    skip_broken: SkipBroken = False


@dataclass(frozen=True, kw_only=True)
class DetectorOptions:
    """What is said about extractor, coder and score."""

    image_size: Annotated[
        int | None,
        _method(
            metavar="PIXELS",
            help="Size the network sees: larger finds smaller defects, slower. [dim]default: the extractor's[/dim]",
        ),
    ] = None
    tile: Annotated[
        int | None,
        _method(metavar="PIXELS", help="Cut large photos into overlapping tiles of this size: for small defects."),
    ] = None
    extractor: Annotated[
        str,
        _method(
            metavar="NAME",
            help="efficientnet_lite0, tenshot_resnet10 (both work offline), resnet10 (the paper's, untrained), or any "
            "network of timm by name.",
        ),
    ] = "efficientnet_lite0"
    layers: Annotated[
        str | None,
        _method(
            metavar="I,J,...",
            help="Layers of the extractor to tap, by number. [dim]default: the extractor's[/dim]",
        ),
    ] = None
    coding: Annotated[
        Coding | None,
        _method(
            help="Sparse codes of local, active or all atoms, or the nearest atom alone. [dim]default: local[/dim]"
        ),
    ] = None
    receptive_field: Annotated[
        int | None,
        _method(metavar="L", help="Side of the window of features that is coded together, odd. [dim]default: 1[/dim]"),
    ] = None
    map: Annotated[
        MapKind | None,
        _method(help="The heat map: coding residual, or gradient of the energy. [dim]default: residual[/dim]"),
    ] = None
    score: Annotated[
        ScoreKind | None,
        _method(help="The image's score: mean of its worst places, or its energy. [dim]default: worst[/dim]"),
    ] = None


@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """What comes out of a scoring run."""

    fail_on_anomaly: Annotated[
        bool,
        _output("--fail-on-anomaly", help="Exit with status 1 when an image is flagged or could not be judged."),
    ] = False
    no_heatmaps: Annotated[
        bool, _output("--no-heatmaps", help="Write no heat-map files; the report shows heat maps all the same.")
    ] = False
    json: Annotated[bool, _output("--json", help="Print the results as JSON on stdout instead of the table.")] = False
