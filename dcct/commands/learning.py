"""Verbs of learning and judging: weights → train → extract → rank, export, attend; plans, parity,
anyone's features."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dcct import steps
from dcct.commands.options import (
    DEFAULT,
    Configfile,
    Dataset,
    Json,
    Seed,
    Split,
    Variant,
    import_torch,
    open_profile,
    wide,
)
from dcct.errors import DcctError
from dcct.files import write_json
from dcct.runtime.progress import Progress

PANEL = "Learning and judging"
app = typer.Typer()


@app.command(rich_help_panel=PANEL)
def weights(seed: Seed = 0, configfile: Configfile = DEFAULT) -> None:
    """Make the backbones' initial weights: drawn from the seed, or pretrained ones.

    Example: dcct weights --seed 0
    """
    context = open_profile(configfile, f"weights seed{seed}", learns=True)
    steps.weights(context, seed)


@app.command(rich_help_panel=PANEL)
def train(
    dataset: Dataset,
    variant: Variant,
    split: Split = 0,
    seed: Seed = 0,
    configfile: Configfile = DEFAULT,
    profile: Annotated[
        bool,
        typer.Option(
            "--profile", help="Also write a profiler's trace of a few steps to results/traces."
        ),
    ] = False,
) -> None:
    """Train a variant. Run the same command after an interruption: it goes on where it was.

    Example: dcct train walkers dcct --seed 0
    """
    context = open_profile(
        configfile, f"train {dataset}/split{split}/{variant}/seed{seed}", learns=True
    )
    raise typer.Exit(steps.train(context, dataset, split, variant, seed, trace=profile))


@app.command(rich_help_panel=PANEL)
def extract(
    dataset: Dataset,
    variant: Variant,
    split: Split = 0,
    seed: Seed = 0,
    configfile: Configfile = DEFAULT,
) -> None:
    """Extract every feature set of a trained variant from all test tracklets, in one pass.

    Example: dcct extract walkers dcct --seed 0
    """
    context = open_profile(
        configfile, f"extract {dataset}/split{split}/{variant}/seed{seed}", learns=True
    )
    steps.extract(context, dataset, split, variant, seed)


@app.command(rich_help_panel=PANEL)
def rank(
    dataset: Dataset,
    variant: Variant,
    split: Split = 0,
    seed: Seed = 0,
    configfile: Configfile = DEFAULT,
) -> None:
    """Rank features under the data set's protocol: mAP, CMC and mINP with 95 % intervals.

    Example: dcct rank walkers dcct --seed 0
    """
    context = open_profile(configfile, f"rank {dataset}/split{split}/{variant}/seed{seed}")
    steps.rank(context, dataset, split, variant, seed)


@app.command(rich_help_panel=PANEL)
def export(
    dataset: Dataset,
    variant: Variant,
    split: Split = 0,
    seed: Seed = 0,
    configfile: Configfile = DEFAULT,
) -> None:
    """Write a distilled backbone for other programs: plain timm checkpoint and ONNX, checked
    against our features.

    Example: dcct export walkers distilled-vit --seed 0
    """
    context = open_profile(
        configfile, f"export {dataset}/split{split}/{variant}/seed{seed}", learns=True
    )
    steps.export(context, dataset, split, variant, seed)


@app.command(rich_help_panel=PANEL)
def attend(
    dataset: Dataset,
    variant: Variant,
    split: Split = 0,
    seed: Seed = 0,
    configfile: Configfile = DEFAULT,
) -> None:
    """Keep what a trained variant looks at in a few clips: weights of CCA and HTA, values of the
    gates.

    Example: dcct attend walkers dcct --seed 0
    """
    context = open_profile(
        configfile, f"attend {dataset}/split{split}/{variant}/seed{seed}", learns=True
    )
    steps.attend(context, dataset, split, variant, seed)


@app.command(rich_help_panel=PANEL)
def plan(
    teraflops: Annotated[
        float, typer.Option(help="The card's rate of matrix products at the profile's precision.")
    ],
    utilisation: Annotated[
        float,
        typer.Option(
            help="Share of it that a training step achieves: benchmarks/training.py measures both."
        ),
    ],
    configfile: Configfile = DEFAULT,
) -> None:
    """What a profile's trainings will cost: images, operations, hours on a card, memory. Nothing is
    run.

    Example: dcct plan --configfile config/paper.yaml --teraflops 300 --utilisation 0.4
    """
    table = Table(
        "data set", "variant", "runs", "images", "PFLOPs", "hours", "memory of a step (GiB)"
    )
    jobs = steps.budget(open_profile(configfile, "plan", learns=True), teraflops, utilisation)
    for one in jobs:
        memory = f"{(one.memory.state + one.memory.activations) / 2**30:.1f}"
        row = (f"{one.images:,}", f"{one.flops / 1e15:,.0f}", f"{one.hours:,.1f}", memory)
        table.add_row(one.dataset, one.variant, str(one.runs), *row)
    table.add_section()
    totals = f"{sum(one.images for one in jobs):,}", f"{sum(one.flops for one in jobs) / 1e15:,.0f}"
    table.add_row(
        "all",
        "",
        str(sum(one.runs for one in jobs)),
        *totals,
        f"{sum(one.hours for one in jobs):,.1f}",
        "",
    )
    wide().print(table)


@app.command(rich_help_panel=PANEL)
def parity(
    numbers: Annotated[
        Path | None, typer.Option(help="Numbers of the authors' program.", metavar="JSON")
    ] = None,
) -> None:
    """Hold features, losses and gradients against numbers of the authors' program (CPU, 5 GB, under
    a minute).

    Example: dcct parity
    """
    import_torch()
    found = steps.parity(numbers, Progress("parity", Console()))
    table = Table("case", "quantity", "ours", "official", "deviation", "at most")
    for one in found:
        colour = "green" if one.holds else "bold red"
        deviation = f"[{colour}]{one.deviation:.1e}[/]"
        table.add_row(
            one.case,
            one.quantity,
            f"{one.ours:.6g}",
            f"{one.official:.6g}",
            deviation,
            f"{one.tolerance:.0e}",
        )
    wide().print(table)
    apart = [one for one in found if not one.holds]
    if apart:
        raise DcctError(
            f"{len(apart)} of {len(found)} quantities differ from the authors' program:"
            f" {apart[0].quantity}"
        )
    print(f"All {len(found)} quantities agree with the authors' program.")


@app.command(rich_help_panel=PANEL)
def evaluate(
    features: Annotated[
        tuple[Path, Path],
        typer.Option(
            help="Two files, .parquet or .npz: pid, camid and feature sets.",
            metavar="QUERY GALLERY",
        ),
    ],
    gallery_includes_queries: Annotated[
        bool,
        typer.Option(
            "--gallery-includes-queries", help="Rank queries too, as MARS' protocol does."
        ),
    ] = False,
    keep_same_camera: Annotated[
        bool,
        typer.Option(
            "--keep-same-camera", help="Keep tracklets of the query's own identity and camera."
        ),
    ] = False,
    rerank: Annotated[
        bool,
        typer.Option(
            "--rerank",
            help="Re-rank by k-reciprocal neighbours: looks at the whole test set at once.",
        ),
    ] = False,
    bootstrap: Annotated[
        int, typer.Option(help="Resamples of the identities for the 95 % intervals.", min=1)
    ] = 2000,
    json: Json = None,
) -> None:
    """Judge features that anyone's model made with this package's evaluator.

    Example: dcct evaluate --features query.parquet gallery.parquet
    """
    rows = steps.evaluate(
        *features,
        bootstrap,
        gallery_includes_queries=gallery_includes_queries,
        drop_same_camera=not keep_same_camera,
        rerank=rerank,
    )
    shares = [name for name in rows[0] if name.startswith("rank") and name[4:].isdigit()]
    further = [f"Rank-{name[4:]}" for name in shares[1:]]
    table = Table(
        "features", "dimensions", "queries", "mAP [95 %]", "Rank-1 [95 %]", *further, "mINP"
    )
    for row in rows:
        intervals = [
            f"{100 * row[name]:.1f} [{100 * row[f'{name}_low']:.1f},"
            f" {100 * row[f'{name}_high']:.1f}]"
            for name in ("mAP", "rank1")
        ]
        others = [f"{100 * row[name]:.1f}" for name in (*shares[1:], "mINP")]
        table.add_row(
            row["feature"], str(row["dimensions"]), str(row["queries"]), *intervals, *others
        )
    wide().print(table)
    if json:
        write_json(json, rows)
