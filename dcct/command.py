"""The dcct command: one verb per arrow of the pipeline (dcct/verbs)."""

from importlib.metadata import version
from typing import Annotated

import typer

from dcct.pipeline.steps import STEPS
from dcct.verbs import data, evaluation, figures, results, training, using, videos

HELP = f"""Reproduce DCCT, step by step.

Data flow one way: [b]{" → ".join(STEPS)}[/b]. Each of these is also a Snakemake rule and DVC \
stages with the same command lines; `snakemake --cores all` runs them all.

Every step checks the digests of what it reads and leaves a receipt.json beside what it makes. \
Paths follow from the profile (--configfile); nothing upstream is ever written to."""
app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    add_completion=False,
    help=HELP,
)
for verbs in (data, training, evaluation, figures, results, videos, using):
    app.add_typer(verbs.app)


def _say_version(wanted: bool) -> None:
    if wanted:
        print(f"dcct {version('dcct')}")
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Say which it is."),
    ] = False,
) -> None:
    """What stands before a verb."""
