"""The commands. Each is a few lines: options in, work by the other rooms, results out."""

from pathlib import Path
from typing import Annotated

import typer

from tenshot import __version__
from tenshot.cli.grouping import PlainCommand, PlainGroup, command
from tenshot.cli.lists import ListCommand
from tenshot.cli.measuring import benchmark, data_app
from tenshot.cli.options import (
    DemoOut,
    DetectorOptions,
    Images,
    JsonOut,
    NewFalseAlarmRate,
    NormalDir,
    OutputOptions,
    ResultsOut,
    RunOptions,
    SkipBroken,
    SupportOptions,
    TaskArgument,
    TaskOut,
)
from tenshot.cli.training import train

__all__ = ["app"]

STEPS = "In two steps: adapt once, score often"
CARE = "Looking after a task file"
MEASURE = "To measure"
TRAIN = "To train an extractor of your own"

INTRODUCTION = """
Show it ten good parts; it finds the bad ones.

Compares photos with about ten photos of good parts and says which ones
differ, how surely, and where. No training, no GPU, no photo of a defect.

[bold]Examples[/bold]

  tenshot demo                                  real solar cells, judged now
  tenshot inspect good/ today/ -o results       the main job
  tenshot inspect good/ 'line3/**/*.png' --false-alarm-rate 0.01

  tenshot adapt good/ -o part.tenshot           adapt once ...
  tenshot score part.tenshot today/             ... score often

[bold]Exit status[/bold]

  0 done    1 something was flagged (with --fail-on-anomaly)
  2 bad use or bad input    130 interrupted
"""

app = typer.Typer(
    name="tenshot",
    cls=PlainGroup,
    help=INTRODUCTION,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _without_command(
    version: Annotated[
        bool, typer.Option("--version", metavar="", help="Print the version and exit.", is_eager=True)
    ] = False,
) -> None:
    """Answers what is asked without a command."""
    if version:
        typer.echo(f"tenshot {__version__}")
        raise typer.Exit


@app.command(cls=PlainCommand, rich_help_panel="The main job")
@command
def inspect(
    normal_dir: NormalDir,
    images: Images,
    out: ResultsOut = None,
    save: Annotated[
        Path | None, typer.Option(metavar="PART.tenshot", help="Keep the adapted task in a task file, too.")
    ] = None,
    *,
    support: SupportOptions,
    output: OutputOptions,
    detector: DetectorOptions,
    run: RunOptions,
) -> None:
    """Judge photos by ten photos of good parts: verdicts, heat maps, a report.

    Adapts to the photos in NORMAL_DIR and scores IMAGES. The folder of results
    gets scores.csv, scores.jsonl, heat maps, and report.html to open or send.

    [bold]Examples[/bold]

      tenshot inspect good/ today/ -o results
      tenshot inspect good/ part7.png part8.png --select 10
      tenshot inspect good/ 'line3/**/*.png' --tile 512 --fail-on-anomaly
    """
    from tenshot.cli.adapting import adapt_to, require_place
    from tenshot.cli.results import deliver, plan
    from tenshot.data.sources import find_images

    photos, folder = plan(images, out)
    if save:
        require_place(save)
    adapted = adapt_to(find_images([normal_dir]), support=support, detector=detector, run=run)
    if save:
        adapted.save(save)
    deliver(adapted, photos, folder, title=normal_dir.resolve().name, output=output)


@app.command(cls=PlainCommand, rich_help_panel=STEPS)
@command
def adapt(
    normal_dir: NormalDir,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="PART.tenshot", help="The task file to write.")],
    *,
    support: SupportOptions,
    detector: DetectorOptions,
    run: RunOptions,
) -> None:
    """Learn what good parts look like and keep it in a task file.

    Takes seconds. The task file holds everything that scoring needs, except
    the weights of the network.

    [bold]Examples[/bold]

      tenshot adapt good/ -o part.tenshot
      tenshot adapt good/ -o part.tenshot --select 10 --roi mask.png
    """
    from tenshot.cli.adapting import adapt_to, require_place
    from tenshot.cli.describing import describe
    from tenshot.data.sources import find_images

    require_place(out)
    adapted = adapt_to(find_images([normal_dir]), support=support, detector=detector, run=run)
    adapted.save(out)
    describe(adapted, out)


@app.command(cls=PlainCommand, rich_help_panel=STEPS)
@command
def score(
    task: TaskArgument,
    images: Images,
    out: ResultsOut = None,
    false_alarm_rate: NewFalseAlarmRate = None,
    *,
    output: OutputOptions,
    run: RunOptions,
) -> None:
    """Judge photos with a task file: verdicts, heat maps, a report.

    Gives what [bold]tenshot inspect[/bold] gives, without adapting again.

    [bold]Examples[/bold]

      tenshot score part.tenshot today/ -o results
      tenshot score part.tenshot new.png --json --fail-on-anomaly
    """
    from tenshot.cli.adapting import load_task
    from tenshot.cli.results import deliver, plan

    photos, folder = plan(images, out)
    adapted = load_task(task, run)
    if false_alarm_rate is not None:
        adapted = adapted.with_false_alarm_rate(false_alarm_rate)
    deliver(adapted, photos, folder, title=task.stem, output=output)


@app.command(cls=PlainCommand, rich_help_panel=CARE)
@command
def info(task: TaskArgument, as_json: JsonOut = False, *, run: RunOptions) -> None:
    """Show what a task file holds: photos, threshold, settings.

    Photos are listed with the ids that [bold]tenshot remove[/bold] takes, and with how they
    score when they are left out: a high one may be no good part at all.
    """
    from tenshot.cli.adapting import load_task
    from tenshot.cli.describing import as_json as to_json
    from tenshot.cli.describing import describe

    adapted = load_task(task, run)
    if as_json:
        typer.echo(to_json(adapted, task))
    else:
        describe(adapted, task)


@app.command(cls=PlainCommand, rich_help_panel=CARE)
@command
def add(
    task: TaskArgument, images: Images, out: TaskOut = None, skip_broken: SkipBroken = False, *, run: RunOptions
) -> None:
    """Add photos of good parts to a task file.

    Costs only what the new photos cost; threshold and heat-map scale follow.

    [bold]Examples[/bold]

      tenshot add part.tenshot good/new/
      tenshot add part.tenshot 11.png 12.png -o part-v2.tenshot
    """
    from tenshot.cli.adapting import load_task, tell_left_out
    from tenshot.cli.console import progress
    from tenshot.cli.describing import describe
    from tenshot.data.sources import find_images

    photos = find_images(images)
    before = load_task(task, run)
    with progress("Adding") as report:
        after = before.add(photos, skip_broken=skip_broken, progress=report)
    tell_left_out(after)
    after.save(out or task)
    describe(after, out or task)


@app.command(cls=PlainCommand, rich_help_panel=CARE)
@command
def remove(
    task: TaskArgument,
    ids: Annotated[
        list[str],
        typer.Argument(metavar="ID", help="Photos, by the ids or names that [bold]tenshot info[/bold] shows."),
    ],
    out: TaskOut = None,
    *,
    run: RunOptions,
) -> None:
    """Remove photos from a task file.

    Say, a defective part that got among the good ones: [bold]tenshot info[/bold] shows
    which photos score high against the others.

    [bold]Examples[/bold]

      tenshot remove part.tenshot 3f9a1c2b44d0
      tenshot remove part.tenshot good/004.png -o part-v2.tenshot
    """
    from tenshot.cli.adapting import load_task
    from tenshot.cli.describing import describe

    after = load_task(task, run).remove(ids)
    after.save(out or task)
    describe(after, out or task)


@app.command(cls=PlainCommand, rich_help_panel="To try it out")
@command
def demo(out: DemoOut = Path("tenshot-demo"), *, run: RunOptions) -> None:
    """Judge real solar cells: ten functional ones in, fifty others judged.

    Runs what [bold]tenshot inspect[/bold] runs, and counts the verdicts against experts.
    Photos: ELPV, electroluminescence images of photovoltaic cells, from the
    package elpv-dataset; CC BY-NC-SA 4.0, not for commercial use.
    """
    from tenshot.cli.demo import run_demo

    run_demo(out, run)


app.command(cls=ListCommand, rich_help_panel=MEASURE)(benchmark)
app.add_typer(data_app, name="data", rich_help_panel=MEASURE)
app.command(cls=ListCommand, rich_help_panel=TRAIN)(train)
