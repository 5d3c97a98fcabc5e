"""What verbs share: their arguments, how a profile is opened, how tables are printed."""

import gc
import inspect
import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from dcct.config.load import SHIPPED, load_profile
from dcct.config.names import at_home
from dcct.errors import DcctError
from dcct.pipeline.pipeline import DEFAULT, STEP_ALONE, Pipeline
from dcct.pipeline.steps import read_pipeline
from dcct.runtime.allocator import keep_freed_memory

Configfile = Annotated[
    Path, typer.Option("--configfile", help="Profile to run.", metavar="YAML", show_default=False)
]
Dataset = Annotated[str, typer.Argument(help="A data set of the profile, for example walkers.")]
Variant = Annotated[str, typer.Argument(help="A variant, for example dcct.")]
Split = Annotated[
    int, typer.Option("--split", help="Which standard split, for sets that have ten.", min=0)
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of weights, sampling and training.", min=0)]
Json = Annotated[
    Path | None, typer.Option("--json", help="Also write what is shown here.", metavar="FILE")
]


def verb(app: typer.Typer, panel: str, name: str | None = None) -> Callable:
    """Make a function a verb of the command, below a heading of `dcct --help`. Its docstring, in
    paragraphs of one line each, is its help. An error that names a step alone gets its whole
    command."""

    def register(function: Callable) -> Callable:
        @wraps(function)
        def called(**arguments: object) -> object:
            known = {name: _at_home(value) for name, value in arguments.items()}
            try:
                return function(**known)
            except DcctError as error:
                if "configfile" in known and STEP_ALONE.search(str(error)):
                    pipeline = open_pipeline(known["configfile"])
                    error.args = (pipeline.with_commands(str(error)),)
                raise

        paragraphs = inspect.cleandoc(function.__doc__ or "").split("\n\n")
        lines = [" ".join(paragraph.split()) for paragraph in paragraphs]
        app.command(name, rich_help_panel=panel, help="\n\n".join(lines))(called)
        return function

    return register


def _at_home(value: Any) -> Any:
    """A path of the command line, or several, with ~ as a shell reads it: none does after --x=."""
    if isinstance(value, Path):
        return Path(at_home(str(value)))
    return tuple(map(_at_home, value)) if isinstance(value, tuple) else value


def open_pipeline(configfile: Path, *, torch: bool = False) -> Pipeline:
    """Read the profile, and fix the number of threads before numpy or torch start their pools.
    torch: it will be imported.

    Where the default profile is not in this folder, the one that the package ships is read.
    """
    if configfile == DEFAULT and not configfile.exists():
        configfile = SHIPPED / DEFAULT.name
    threads = load_profile(configfile).training.threads if torch else 1
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    if torch:
        keep_freed_memory()
    return read_pipeline(configfile)


def import_torch() -> None:
    """Import torch and timm without garbage collection, which finds nothing there and takes a
    quarter of the time."""
    gc.disable()
    import timm  # noqa: F401

    gc.enable()


def wide(columns: int = 120) -> Console:
    """The terminal, or what a pipe gets: lines that long."""
    return Console(width=None if sys.stdout.isatty() else columns)
