"""Verbs of training: weights → train; what trainings will cost; parity with the authors'
program."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dcct.config.foreign import Foreign
from dcct.config.label import variant_of
from dcct.errors import DcctError
from dcct.pipeline.pipeline import DEFAULT, Job
from dcct.runtime.progress import Progress
from dcct.verbs.making import Making, first_process, makes
from dcct.verbs.options import (
    Configfile,
    Dataset,
    Seed,
    Split,
    Variant,
    import_torch,
    open_pipeline,
    verb,
    wide,
)

PANEL = "Training"
app = typer.Typer()
Trace = Annotated[
    bool,
    typer.Option("--profile", help="Also write a profiler's trace of a few steps."),
]


@makes(app, PANEL, torch=True)
def weights(making: Making, seed: Seed = 0) -> None:
    """Make the backbones' initial weights: drawn from the seed, or pretrained ones.

    Example: dcct weights --seed 0
    """
    from dcct.models.weights import initial_backbones, write_weights

    profile = making.pipeline.profile
    found = initial_backbones(profile.network, profile.weights, profile.clips, seed)
    write_weights(found, making.job.folder)


def _in_processes(job: Job, words: list[str]) -> int | None:
    """Start the processes of a training that has several, unless this is one of them."""
    from dcct.training.distributed import started_in_group

    _refuse_untrainable(job)
    processes = job.pipeline.profile.training.processes
    if processes == 1 or started_in_group():
        return None
    from dcct.training.launch import launch

    where = ["--split", str(job["split"]), "--seed", str(job["seed"])]
    file = ["--configfile", str(job.pipeline.configfile)]
    return launch(processes, ["train", job["dataset"], job["variant"], *where, *file, *words])


def _refuse_untrainable(job: Job) -> None:
    pipeline, name, dataset = job.pipeline, job["variant"], job["dataset"]
    donor = pipeline.variant(name).backbone_of
    if donor:
        raise DcctError(
            f"{name} is taken out of {donor}: nothing to train;"
            f" `{job.other('extract').again}` comes next"
        )
    if dataset not in pipeline.profile.datasets or variant_of(name) != name:
        raise DcctError(
            f"{name} on {dataset}: only tested, not trained, says {pipeline.configfile}"
        )


@makes(app, PANEL, torch=True, instead=_in_processes)
def train(
    making: Making,
    dataset: Dataset,
    variant: Variant,
    split: Split = 0,
    seed: Seed = 0,
    profile: Trace = False,
) -> None:
    """Train a variant. Run the same command after an interruption: it goes on where it was.

    Example: dcct train walkers dcct --seed 0
    """
    from dcct.datasets.manifest import identities_in
    from dcct.runtime.profiler import traced
    from dcct.runtime.view import View
    from dcct.training.loop import fit
    from dcct.training.memory import memory_advice, memory_of
    from dcct.training.state import Run
    from dcct.verbs.described import describe_training

    settings, manifest = making.pipeline.profile, making.input("manifest").folder
    run = Run(
        profile=settings,
        variant=making.pipeline.variant(variant),
        seed=seed,
        frames=making.input("frames").folder,
        manifest=manifest,
        weights=making.input("weights").folder,
        work=making.work,
        made_from=making.origin.parts,
    )
    memory = None
    if isinstance(run.variant, Foreign):
        making.progress.say("memory of a step: not counted, since the method is not ours")
    else:
        memory = memory_of(run.variant, settings, identities_in(manifest))
        making.progress.say(f"memory of a step: {memory}")
    trace = making.pipeline.results / "traces" / Path(*map(str, making.job.key)) / "trace.json"
    with (
        traced(trace if profile else None) as mark_step,
        View(making.progress, mark_step) as view,
        memory_advice(settings.training, settings.clips.length),
    ):
        making.facts |= fit(run, making.job.folder, view)
    if first_process():
        describe_training(making.job)
    if memory:
        making.facts["memory_estimate_mb"] = round((memory.state + memory.activations) / 2**20)
    if profile and trace.exists():
        making.progress.say(f"trace of a few steps, for ui.perfetto.dev: {trace}")


@verb(app, PANEL)
def plan(
    teraflops: Annotated[
        float,
        typer.Option(
            help="The card's rate of matrix products at the profile's precision.", min=0.001
        ),
    ],
    utilisation: Annotated[
        float,
        typer.Option(
            help="Share of it that a step achieves: benchmarks/training.py measures both.",
            min=0.001,
            max=1,
        ),
    ],
    configfile: Configfile = DEFAULT,
) -> None:
    """What a profile's trainings will cost: images, operations, hours on a card, memory. Nothing is
    run.

    Example: dcct plan --configfile config/paper.yaml --teraflops 300 --utilisation 0.4
    """
    from dcct.inference.budget import budget

    say = Progress("plan", Console()).say
    jobs = list(budget(open_pipeline(configfile), 1e12 * teraflops * utilisation, say))
    table = Table(
        "data set", "variant", "runs", "images", "PFLOPs", "hours", "memory of a step (GiB)"
    )
    for one in jobs:
        memory = f"{(one.memory.state + one.memory.activations) / 2**30:.1f}"
        row = (f"{one.images:,}", f"{one.flops / 1e15:,.0f}", f"{one.hours:,.1f}", memory)
        table.add_row(one.dataset, one.variant, str(one.runs), *row)
    table.add_section()
    runs, images = sum(one.runs for one in jobs), sum(one.images for one in jobs)
    flops, hours = sum(one.flops for one in jobs), sum(one.hours for one in jobs)
    table.add_row("all", "", str(runs), f"{images:,}", f"{flops / 1e15:,.0f}", f"{hours:,.1f}", "")
    wide().print(table)


@verb(app, PANEL)
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
    from dcct.official.parity import NUMBERS, compare, read_cases

    say = Progress("parity", Console()).say
    found = [one for case in read_cases(numbers or NUMBERS) for one in compare(case, say)]
    table = Table("case", "quantity", "ours", "official", "deviation", "at most")
    for one in found:
        colour = "green" if one.holds else "bold red"
        deviation = f"[{colour}]{one.deviation:.1e}[/]"
        values = (f"{one.ours:.6g}", f"{one.official:.6g}", deviation, f"{one.tolerance:.0e}")
        table.add_row(one.case, one.quantity, *values)
    wide().print(table)
    apart = [one for one in found if not one.holds]
    if apart:
        raise DcctError(
            f"{len(apart)} of {len(found)} quantities differ from the authors' program:"
            f" {apart[0].quantity}"
        )
    print(f"All {len(found)} quantities agree with the authors' program.")
