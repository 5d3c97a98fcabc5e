"""The dcct command: one verb per arrow of the pipeline (dcct/verbs), and the only place that
exits."""

import contextlib
import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer
from rich.console import Console

from dcct.errors import DcctError, one_line
from dcct.pipeline.steps import STEPS
from dcct.runtime.streams import ready_streams
from dcct.verbs import data, evaluation, figures, results, training

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
for verbs in (data, training, evaluation, figures, results):
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


def main() -> None:
    """Entry of the console script and of `python -m dcct`: an error that a user can fix is one line
    and status 1."""
    ready_streams()
    status = 0
    try:
        app()
    except SystemExit as left:
        status = left.code if isinstance(left.code, int) else int(left.code is not None)
    except DcctError as error:
        if not error.everywhere or os.environ.get("RANK", "0") == "0":
            _complain(str(error))
        status = error.status
    except OSError as error:
        what = f"{error.filename or 'input or output'}: {error.strerror or error}"
        _complain(f"{what}: put this right and run the command again")
        status = 1
    finally:
        with contextlib.suppress(OSError):
            Console().show_cursor()  # a progress bar that was cut short leaves it hidden
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError as error:
        status = status or 1
        with contextlib.suppress(OSError):
            _complain(f"what was to be printed is lost: {error.strerror}")
    os._exit(status)  # everything is written; tearing torch down takes over a second


def _complain(line: str) -> None:
    escaped = one_line(line).replace("[", r"\[")
    Console(stderr=True).print(f"[bold red]error:[/] {escaped}", soft_wrap=True, highlight=False)


if __name__ == "__main__":
    main()
