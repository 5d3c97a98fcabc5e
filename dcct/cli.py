"""The dcct command: one verb per arrow of the pipeline. It and dcct/commands alone print; it alone exits."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dcct import steps
from dcct.commands import checks
from dcct.commands.options import (
    DEFAULT,
    Configfile,
    Dataset,
    Seed,
    Split,
    Variant,
    import_torch,
    open_profile,
)
from dcct.config.dataset import Dataset as DatasetFile
from dcct.config.profile import Profile
from dcct.config.published import Published
from dcct.config.table import Table as TableFile
from dcct.config.variant import Variant as VariantFile
from dcct.errors import DcctError
from dcct.progress import Progress
from dcct.receipt import write_json

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    add_completion=False,
    help="""Reproduce DCCT, step by step.

Data flow one way: [b]source → verify → manifest → pack, sample → weights → train → extract → rank, export, attend → \
cost, tabulate, draw, tradeoff, gallery, heatmaps, embed, sheet, page[/b]. Each of these is also a Snakemake rule and \
a DVC stage with the same command line; `snakemake --cores` runs them all.

Every step checks the digests of what it reads and leaves a receipt.json beside what it makes. Paths follow from the \
profile (--configfile); nothing upstream is ever written to.""",
)
data = typer.Typer(no_args_is_help=True, help="Look at the data sets.")
app.add_typer(data, name="data", rich_help_panel="Data")
app.add_typer(checks.app)
SCHEMAS = {
    "profile": Profile,
    "variant": VariantFile,
    "dataset": DatasetFile,
    "table": TableFile,
    "published": Published,
}
DATA, LEARNING, PAPER = "Data", "Learning and judging", "Paper"


@app.command(rich_help_panel=DATA)
def source(dataset: Dataset, configfile: Configfile = DEFAULT) -> None:
    """Put a data set in place: draw, link, or fetch and unpack it under accepted terms, or say how to get it.

    Example: dcct source walkers
    """
    steps.source(open_profile(configfile, f"source {dataset}"), dataset)


@data.command()
def status(configfile: Configfile = DEFAULT) -> None:
    """Where every data set stands: in place, verified, counts against expected, and the next command.

    Example: dcct data status
    """
    table = Table("data set", "state", "in place", "verified", "counts", "next")
    for one in steps.status(open_profile(configfile, "data status")):
        table.add_row(f"{one.name}\n[dim]{one.title}[/]", one.state, one.here, one.verified, one.counts, one.next)
    Console(width=None if sys.stdout.isatty() else 160).print(table)


@app.command(rich_help_panel=DATA)
def verify(dataset: Dataset, configfile: Configfile = DEFAULT) -> None:
    """Check every count, decode every frame, digest the whole set; writes report.md.

    Example: dcct verify walkers
    """
    steps.verify(open_profile(configfile, f"verify {dataset}"), dataset)


@app.command(rich_help_panel=DATA)
def manifest(dataset: Dataset, split: Split = 0, configfile: Configfile = DEFAULT) -> None:
    """List the tracklets of a split of a verified set in parquet.

    Example: dcct manifest walkers
    """
    steps.manifest(open_profile(configfile, f"manifest {dataset}/split{split}"), dataset, split)


@app.command(rich_help_panel=DATA)
def pack(dataset: Dataset, configfile: Configfile = DEFAULT) -> None:
    """Pack all frames into one file with random access by tracklet (the frame store).

    Example: dcct pack walkers
    """
    steps.pack(open_profile(configfile, f"pack {dataset}"), dataset)


@app.command(rich_help_panel=DATA)
def sample(dataset: Dataset, split: Split = 0, configfile: Configfile = DEFAULT) -> None:
    """Draw all test clips once: begin-interval, dense, repeated-frame and shuffled.

    Example: dcct sample walkers
    """
    steps.sample(open_profile(configfile, f"sample {dataset}/split{split}"), dataset, split)


@app.command(rich_help_panel=LEARNING)
def weights(seed: Seed = 0, configfile: Configfile = DEFAULT) -> None:
    """Make the backbones' initial weights: drawn from the seed, or pretrained ones.

    Example: dcct weights --seed 0
    """
    context = open_profile(configfile, f"weights seed{seed}", learns=True)
    steps.weights(context, seed)


@app.command(rich_help_panel=LEARNING)
def train(
    dataset: Dataset,
    variant: Variant,
    split: Split = 0,
    seed: Seed = 0,
    configfile: Configfile = DEFAULT,
    profile: Annotated[
        bool, typer.Option("--profile", help="Also write a profiler's trace of a few steps to results/traces.")
    ] = False,
) -> None:
    """Train a variant. Run the same command after an interruption: it goes on where it was.

    Example: dcct train walkers dcct --seed 0
    """
    context = open_profile(configfile, f"train {dataset}/split{split}/{variant}/seed{seed}", learns=True)
    raise typer.Exit(steps.train(context, dataset, split, variant, seed, trace=profile))


@app.command(rich_help_panel=LEARNING)
def extract(
    dataset: Dataset, variant: Variant, split: Split = 0, seed: Seed = 0, configfile: Configfile = DEFAULT
) -> None:
    """Extract every feature set of a trained variant from all test tracklets, in one pass.

    Example: dcct extract walkers dcct --seed 0
    """
    context = open_profile(configfile, f"extract {dataset}/split{split}/{variant}/seed{seed}", learns=True)
    steps.extract(context, dataset, split, variant, seed)


@app.command(rich_help_panel=LEARNING)
def rank(
    dataset: Dataset, variant: Variant, split: Split = 0, seed: Seed = 0, configfile: Configfile = DEFAULT
) -> None:
    """Rank features under the data set's protocol: mAP, CMC and mINP with 95 % intervals.

    Example: dcct rank walkers dcct --seed 0
    """
    context = open_profile(configfile, f"rank {dataset}/split{split}/{variant}/seed{seed}")
    steps.rank(context, dataset, split, variant, seed)


@app.command(rich_help_panel=LEARNING)
def export(
    dataset: Dataset, variant: Variant, split: Split = 0, seed: Seed = 0, configfile: Configfile = DEFAULT
) -> None:
    """Write a distilled backbone for other programs: plain timm checkpoint and ONNX, checked against our features.

    Example: dcct export walkers distilled-vit --seed 0
    """
    context = open_profile(configfile, f"export {dataset}/split{split}/{variant}/seed{seed}", learns=True)
    steps.export(context, dataset, split, variant, seed)


@app.command(rich_help_panel=LEARNING)
def attend(
    dataset: Dataset, variant: Variant, split: Split = 0, seed: Seed = 0, configfile: Configfile = DEFAULT
) -> None:
    """Keep what a trained variant looks at in a few clips: weights of CCA and HTA, values of the gates.

    Example: dcct attend walkers dcct --seed 0
    """
    context = open_profile(configfile, f"attend {dataset}/split{split}/{variant}/seed{seed}", learns=True)
    steps.attend(context, dataset, split, variant, seed)


@app.command(rich_help_panel=LEARNING)
def plan(
    teraflops: Annotated[float, typer.Option(help="The card's rate of matrix products at the profile's precision.")],
    utilisation: Annotated[
        float, typer.Option(help="Share of it that a training step achieves: benchmarks/training.py measures both.")
    ],
    configfile: Configfile = DEFAULT,
) -> None:
    """What a profile's trainings will cost: images, operations, hours on a card, memory. Nothing is run.

    Example: dcct plan --configfile config/paper.yaml --teraflops 300 --utilisation 0.4
    """
    table = Table("data set", "variant", "runs", "images", "PFLOPs", "hours", "memory of a step (GiB)")
    jobs = steps.budget(open_profile(configfile, "plan", learns=True), teraflops, utilisation)
    for one in jobs:
        memory = f"{(one.memory.state + one.memory.activations) / 2**30:.1f}"
        row = (f"{one.images:,}", f"{one.flops / 1e15:,.0f}", f"{one.hours:,.1f}", memory)
        table.add_row(one.dataset, one.variant, str(one.runs), *row)
    table.add_section()
    totals = f"{sum(one.images for one in jobs):,}", f"{sum(one.flops for one in jobs) / 1e15:,.0f}"
    table.add_row("all", "", str(sum(one.runs for one in jobs)), *totals, f"{sum(one.hours for one in jobs):,.1f}", "")
    Console(width=None if sys.stdout.isatty() else 120).print(table)


@app.command(rich_help_panel=LEARNING)
def parity(
    numbers: Annotated[Path | None, typer.Option(help="Numbers of the authors' program.", metavar="JSON")] = None,
) -> None:
    """Hold features, losses and gradients against numbers of the authors' program (CPU, 5 GB, under a minute).

    Example: dcct parity
    """
    import_torch()
    found = steps.parity(numbers, Progress("parity", Console()))
    table = Table("case", "quantity", "ours", "official", "deviation", "at most")
    for one in found:
        colour = "green" if one.holds else "bold red"
        deviation = f"[{colour}]{one.deviation:.1e}[/]"
        table.add_row(
            one.case, one.quantity, f"{one.ours:.6g}", f"{one.official:.6g}", deviation, f"{one.tolerance:.0e}"
        )
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    apart = [one for one in found if not one.holds]
    if apart:
        raise DcctError(
            f"{len(apart)} of {len(found)} quantities differ from the authors' program: {apart[0].quantity}"
        )
    print(f"All {len(found)} quantities agree with the authors' program.")


@app.command(rich_help_panel=LEARNING)
def evaluate(
    features: Annotated[
        tuple[Path, Path],
        typer.Option(help="Two files, .parquet or .npz: pid, camid and feature sets.", metavar="QUERY GALLERY"),
    ],
    gallery_includes_queries: Annotated[
        bool, typer.Option("--gallery-includes-queries", help="Rank queries too, as MARS' protocol does.")
    ] = False,
    keep_same_camera: Annotated[
        bool, typer.Option("--keep-same-camera", help="Keep tracklets of the query's own identity and camera.")
    ] = False,
    rerank: Annotated[
        bool, typer.Option("--rerank", help="Re-rank by k-reciprocal neighbours: looks at the whole test set at once.")
    ] = False,
    bootstrap: Annotated[int, typer.Option(help="Resamples of the identities for the 95 % intervals.", min=1)] = 2000,
    json: Annotated[Path | None, typer.Option(help="Also write the rows here.", metavar="FILE")] = None,
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
    table = Table("features", "dimensions", "queries", "mAP [95 %]", "Rank-1 [95 %]", *further, "mINP")
    for row in rows:
        intervals = [
            f"{100 * row[name]:.1f} [{100 * row[f'{name}_low']:.1f}, {100 * row[f'{name}_high']:.1f}]"
            for name in ("mAP", "rank1")
        ]
        others = [f"{100 * row[name]:.1f}" for name in (*shares[1:], "mINP")]
        table.add_row(row["feature"], str(row["dimensions"]), str(row["queries"]), *intervals, *others)
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    if json:
        write_json(json, rows)


@app.command(rich_help_panel=PAPER)
def cost(configfile: Configfile = DEFAULT) -> None:
    """Write the cost table: parameters, operations and latency of every variant, at this profile's size and in full.

    Example: dcct cost
    """
    steps.cost(open_profile(configfile, "cost", learns=True))


@app.command(rich_help_panel=PAPER)
def tabulate(
    table: Annotated[str, typer.Argument(help="A table of the profile, for example components.")],
    configfile: Configfile = DEFAULT,
) -> None:
    """Write a table as CSV, Markdown, LaTeX and HTML; what was not run becomes a named gap.

    Example: dcct tabulate components
    """
    steps.tabulate(open_profile(configfile, f"tabulate {table}"), table)


@app.command(rich_help_panel=PAPER)
def draw(dataset: Dataset, configfile: Configfile = DEFAULT) -> None:
    """Draw the ablation with its intervals, CMC curves and training curves.

    Example: dcct draw walkers
    """
    steps.draw(open_profile(configfile, f"draw {dataset}"), dataset)


@app.command(rich_help_panel=PAPER)
def tradeoff(dataset: Dataset, configfile: Configfile = DEFAULT) -> None:
    """Draw accuracy against parameters, operations and latency.

    Example: dcct tradeoff walkers
    """
    steps.tradeoff(open_profile(configfile, f"tradeoff {dataset}"), dataset)


@app.command(rich_help_panel=PAPER)
def gallery(dataset: Dataset, configfile: Configfile = DEFAULT) -> None:
    """Picture ten queries, from worst to best, with their top ten; and the worst failures.

    Example: dcct gallery walkers
    """
    steps.gallery(open_profile(configfile, f"gallery {dataset}"), dataset)


@app.command(rich_help_panel=PAPER)
def heatmaps(dataset: Dataset, configfile: Configfile = DEFAULT) -> None:
    """Draw where CCA looks in space, HTA in time, and how far its gates are open.

    Example: dcct heatmaps walkers
    """
    steps.heatmaps(open_profile(configfile, f"heatmaps {dataset}"), dataset)


@app.command(rich_help_panel=PAPER)
def embed(dataset: Dataset, configfile: Configfile = DEFAULT) -> None:
    """Draw test tracklets in the plane by t-SNE of their features, by identity and by camera.

    Example: dcct embed walkers
    """
    steps.embed(open_profile(configfile, f"embed {dataset}"), dataset)


@app.command(rich_help_panel=PAPER)
def sheet(dataset: Dataset, configfile: Configfile = DEFAULT) -> None:
    """Draw the contact sheet of a data set.

    Example: dcct sheet walkers
    """
    steps.sheet(open_profile(configfile, f"sheet {dataset}"), dataset)


@app.command(rich_help_panel=PAPER)
def page(
    shareable: Annotated[
        bool,
        typer.Option("--shareable", help="Leave out pictures of real people; writes shareable.html instead."),
    ] = False,
    configfile: Configfile = DEFAULT,
) -> None:
    """Write index.html: every table, figure and setting, every query with its ranking, and how each number came to be.

    Example: dcct page
    """
    steps.page(open_profile(configfile, "page"), shareable)


@app.command(rich_help_panel="Configuration")
def schemas(folder: Annotated[Path, typer.Argument(help="Where to write them.")]) -> None:
    """Write JSON schemas of profiles, variants, data sets, tables and published numbers, for editors that check YAML.

    Example: dcct schemas workflow/schemas
    """
    for name, model in SCHEMAS.items():
        write_json(folder / f"{name}.schema.json", model.model_json_schema())


def main() -> None:
    """Entry of the console script and of `python -m dcct`: an error that a user can mend is one line and status 1."""
    status = 0
    try:
        app()
    except SystemExit as left:
        status = left.code or 0
    except DcctError as error:
        if not error.everywhere or os.environ.get("RANK", "0") == "0":
            _complain(str(error))
        status = error.status
    except OSError as error:
        _complain(
            f"{error.filename or 'input or output'}: {error.strerror or error}: mend this and run the command again"
        )
        status = 1
    finally:
        Console().show_cursor()  # a progress bar that was cut short leaves it hidden
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # everything is written; tearing torch down takes over a second, in each of twenty processes


def _complain(line: str) -> None:
    escaped = line.replace("[", r"\[")
    Console(stderr=True).print(f"[bold red]error:[/] {escaped}", soft_wrap=True, highlight=False)


if __name__ == "__main__":
    main()
