"""The dcct command: one verb per arrow of the pipeline (dcct/verbs)."""

from importlib.metadata import version
from typing import Annotated

import typer

from dcct.pipeline.steps import STEPS
from dcct.verbs import (
    data,
    doctor,
    evaluation,
    figures,
    logs,
    profiles,
    results,
    training,
    using,
    videos,
)
from dcct.verbs.options import wide

HELP = f"""Reproduce DCCT, step by step.

Data flow one way: [b]{" → ".join(STEPS)}[/b]. Each of these is also a Snakemake rule and DVC \
stages with the same command lines; `snakemake --cores all` runs them all.

Every step checks the digests of what it reads and leaves a receipt.json beside what it makes. \
Paths follow from the profile (--configfile); nothing upstream is ever written to."""
FIRST = """\
  [b]dcct doctor[/]              is everything here that the run needs?
  [b]snakemake --cores all[/]    all of it, from data to tables; then open results/index.html
  [b]dcct claims[/]              what of the paper's claims holds in that run
  [b]dcct agree[/]               whether that run agrees with the published one
  [b]dcct search --help[/]       find people among tracklets of your own

All verbs: [b]dcct --help[/]. Guides: docs/ and README.md.
"""
"""What a newcomer types, in this order."""
app = typer.Typer(
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    add_completion=False,
    help=HELP,
)
for verbs in (data, training, evaluation, figures, results, logs, profiles, videos, using, doctor):
    app.add_typer(verbs.app)


def _say_version(wanted: bool) -> None:
    if wanted:
        print(f"dcct {version('dcct')}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    _: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Say which it is."),
    ] = False,
) -> None:
    """What stands before a verb; without one, what a newcomer types."""
    if context.invoked_subcommand is None:
        wide().print(
            f"dcct {version('dcct')} reproduces DCCT, step by step.\n\n{FIRST}",
            end="",
            highlight=False,
        )
