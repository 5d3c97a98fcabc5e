"""The dcct command: one verb per arrow of the pipeline (dcct/commands), and the only place that
exits."""

import os
import sys

import typer
from rich.console import Console

from dcct.commands import checks, configuration, data, learning, paper
from dcct.errors import DcctError

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
for verbs in (data, learning, paper, checks, configuration):
    app.add_typer(verbs.app)


def main() -> None:
    """Entry of the console script and of `python -m dcct`: an error that a user can mend is one
    line and status 1."""
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
            f"{error.filename or 'input or output'}: {error.strerror or error}: mend this and run"
            " the command again"
        )
        status = 1
    finally:
        Console().show_cursor()  # a progress bar that was cut short leaves it hidden
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(
        status
    )  # everything is written; tearing torch down takes over a second, in each of twenty processes


def _complain(line: str) -> None:
    escaped = line.replace("[", r"\[")
    Console(stderr=True).print(f"[bold red]error:[/] {escaped}", soft_wrap=True, highlight=False)


if __name__ == "__main__":
    main()
