"""``python -m tenshot.evaluation``: measure the product and write the tables of ``benchmarks/results``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tenshot.core.errors import TenshotError

RESULTS = Path("benchmarks/results")
META_TRAINING = RESULTS / "meta_training"

app = typer.Typer(
    help="Measure tenshot on real photos. Each command writes a Markdown table and, beside it, JSON with every cell.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Out = Annotated[Path, typer.Option("-o", "--out", help="The table; JSON goes beside it.")]
Data = Annotated[
    Path, typer.Option(envvar="TENSHOT_DATA", help="Folder with mvtec_ad/… and magnetic_tile.", show_envvar=True)
]
Sets = Annotated[
    list[str] | None, typer.Option("--set", help="A folder or known set; several times; the usual ones by default.")
]
Extractor = Annotated[str, typer.Option(help="efficientnet_lite0, tenshot_resnet10, resnet10 or a timm network.")]
Weights = Annotated[Path | None, typer.Option(help="Local safetensors file with the extractor's weights.")]
ImageSize = Annotated[int | None, typer.Option(help="Input side in pixels; the extractor's own by default.")]
Threads = Annotated[int, typer.Option(help="Threads torch may use.")]
SHARED_DATA = Path("../shared/data")
SOURCES = "FOLDER of folders of images, crops:FOLDER, classes:FOLDER or products; several times"
Changes = Annotated[
    list[str] | None, typer.Option("--set", help="NAME=VALUE, a setting as of `tenshot train`; several times.")
]


@app.command()
def calibration(
    out: Out = RESULTS / "calibration.md",
    *,
    data: Data = SHARED_DATA,
    sets: Sets = None,
    shots: Annotated[list[int] | None, typer.Option(min=1, help="Several times; 1, 2, 4 and 10 by default.")] = None,
    draws: Annotated[int, typer.Option(min=1, help="How many draws of the support.")] = 10,
    extractor: Extractor = "efficientnet_lite0",
    weights: Weights = None,
    image_size: ImageSize = None,
    threads: Threads = 2,
) -> None:
    """Wanted beside measured false-alarm rate on good photos that were not seen."""
    from tenshot.evaluation.runs import Subject, run_calibration

    subject = Subject(extractor=extractor, weights=weights, image_size=image_size, threads=threads)
    run_calibration(out, subject=subject, data=data, sets=sets, shots=shots or [1, 2, 4, 10], draws=draws, tell=_tell)
    typer.echo(f"Wrote {out}")


@app.command()
def speed(
    out: Out = RESULTS / "speed.md",
    *,
    rounds: Annotated[int, typer.Option(min=1, help="How often every process is measured.")] = 5,
    threads: Threads = 2,
    peer: Annotated[Path, typer.Option(help="Where the environment with anomalib is made.")] = Path(".peer"),
    without_peer: Annotated[bool, typer.Option("--without-peer", help="Leave anomalib's PatchCore out.")] = False,
) -> None:
    """Time and memory, as ratios in one run, beside anomalib's PatchCore on the same network and layers."""
    from tenshot.evaluation.speed import run_speed

    run_speed(out, rounds=rounds, threads=threads, peer=None if without_peer else peer, tell=_tell)
    typer.echo(f"Wrote {out}")


@app.command()
def agreement(
    out: Out = RESULTS / "agreement.md",
    *,
    data: Data = SHARED_DATA,
    sets: Sets = None,
    shots: Annotated[int, typer.Option(min=1)] = 10,
    seeds: Annotated[int, typer.Option(min=1, help="How many draws of the support.")] = 3,
    threads: Threads = 2,
    peer: Annotated[Path, typer.Option(help="Where the environment with anomalib is made.")] = Path(".peer"),
) -> None:
    """Nearest neighbour beside anomalib's PatchCore without coreset, on the same features of the same images."""
    from tenshot.evaluation.agreement import run_agreement

    run_agreement(
        out,
        data=data,
        sets=sets or ["mvtec_ad/bottle", "mvtec_ad/pill", "mvtec_ad/capsule", "mvtec_ad/transistor"],
        shots=shots,
        seeds=seeds,
        threads=threads,
        peer=peer,
        tell=_tell,
    )
    typer.echo(f"Wrote {out}")


@app.command()
def curves(
    out: Out = META_TRAINING / "curves.md",
    *,
    train_on: Annotated[list[str], typer.Option(help=f"Tasks to learn from, {SOURCES}.")],
    validate_on: Annotated[list[str], typer.Option(help=f"Tasks to be watched, not learned from. {SOURCES}.")],
    changes: Changes = None,
    steps: Annotated[int, typer.Option(min=2, help="Of each training.")] = 150,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each variant.")] = 2,
    jobs: Annotated[int, typer.Option(min=1, help="Trainings at a time, one thread each.")] = 2,
) -> None:
    """Learning curves: SigShrink or soft shrinkage, patches or noise, with and without each loss, stabilised or not."""
    from tenshot.evaluation.meta_training.curves import run_curves

    run_curves(
        out,
        train_on=train_on,
        watch=validate_on,
        steps=steps,
        seeds=seeds,
        jobs=jobs,
        changes=changes or (),
        tell=_tell,
    )
    typer.echo(f"Wrote {out}")


@app.command("own_terms")
def own_terms(
    weights: Annotated[list[str], typer.Argument(help="Trained weights, FILE or NAME=FILE.")],
    *,
    validate_on: Annotated[list[str], typer.Option(help=f"Tasks that nothing was learned from. {SOURCES}.")],
    out: Out = META_TRAINING / "own_terms.md",
    sheet_of: Annotated[str, typer.Option(help="Tasks on the sheet of pictures, which is published.")] = "products",
    changes: Changes = None,
    seeds: Annotated[int, typer.Option(min=1, help="Sets of episodes.")] = 3,
    episodes: Annotated[int, typer.Option(min=1, help="Of a set.")] = 6,
    threads: Threads = 2,
) -> None:
    """On its own terms: what trained weights repair and localise on held-out tasks, beside their untrained twin."""
    from tenshot.evaluation.meta_training.own_terms import run_own_terms

    run_own_terms(
        out,
        weights=weights,
        tasks=validate_on,
        sheet_of=sheet_of,
        seeds=seeds,
        episodes=episodes,
        changes=changes or (),
        threads=threads,
        tell=_tell,
    )
    typer.echo(f"Wrote {out}")


def _tell(line: str) -> None:
    typer.echo(line, err=True)


def main() -> None:
    """Runs the command line; a deliberate error is one line and exit status 2."""
    try:
        app()
    except TenshotError as error:
        typer.echo(f"Error: {error}", err=True)
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
