"""The commands that measure: ``benchmark`` and ``data check``."""

from pathlib import Path
from typing import Annotated

import typer

from tenshot.cli.grouping import PlainCommand, PlainGroup, command
from tenshot.cli.measuring_options import AblationOptions, ProtocolOptions, RobustnessOptions, TaskOptions
from tenshot.cli.options import JsonOut

__all__ = ["benchmark", "check", "data_app"]


@command
def benchmark(
    sets: Annotated[
        list[str] | None,
        typer.Argument(metavar="SETS...", help="Folders, or known sets by name: mvtec_ad/pill, solar_cells, ..."),
    ] = None,
    show_list: Annotated[
        bool, typer.Option("--list", metavar="", help="Name all detectors and known sets, and exit.")
    ] = False,
    *,
    task: TaskOptions,
    protocol: ProtocolOptions,
    robustness: RobustnessOptions,
    ablations: AblationOptions,
) -> None:
    """Measure detectors on labelled images: tables, JSON, a report with plots.

    Every detector gets the same normal images, drawn by seeds and written down;
    thresholds never see test images. A folder of good and bad images will do;
    with masks, localisation is measured as well. SETS come before options.

    [bold]Examples[/bold]

      tenshot benchmark my_parts/ --shots 1 2 4 10 --seeds 5
      tenshot benchmark mvtec_ad solar_cells --data sets/ --detector adaptive padim
      tenshot benchmark my_parts/ --pose query both --corrupt blur:2 jpeg:2
    """
    from tenshot.cli.benchmarking import list_all, measure

    if show_list:
        list_all()
    else:
        measure(sets or [], task=task, protocol=protocol, robustness=robustness, ablations=ablations)


data_app = typer.Typer(
    cls=PlainGroup,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Look at sets of labelled images.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@data_app.callback()
def _look() -> None:
    """Look at sets of labelled images."""


@data_app.command(cls=PlainCommand)
@command
def check(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A folder, or a known set by name.")],
    data: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", envvar="TENSHOT_DATA", help="Where known sets are looked up by name."),
    ] = None,
    as_json: JsonOut = False,
) -> None:
    """Say what a folder of labelled images holds, and what is wrong with it.

    Reads every image and every mask. Ends with status 1 if there are problems.

    [bold]Examples[/bold]

      tenshot data check my_parts/
      tenshot data check mvtec_ad/pill --data sets/
    """
    from tenshot.cli.checking import run_check

    raise typer.Exit(run_check(path, data=data, as_json=as_json))
