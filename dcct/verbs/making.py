"""How a verb makes an artefact: profile opened, inputs checked, work done, all of it recorded.

A verb is one function. Its name is the step's, its arguments after the first are its command line,
and its first argument is the Making that `makes` hands to it.
"""

import inspect
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import typer
from rich.console import Console

from dcct.errors import DcctError
from dcct.pipeline.pipeline import DEFAULT, Job, Pipeline
from dcct.pipeline.steps import STEPS
from dcct.provenance.receipt import Origin, made_from, origin_of, recorded
from dcct.runtime.cards import take
from dcct.runtime.lock import only_one
from dcct.runtime.progress import Progress
from dcct.verbs.options import Configfile, import_torch, open_pipeline, verb


@dataclass(kw_only=True)
class Making:
    """One job while it is made."""

    job: Job
    """Which; it knows its paths and inputs."""
    progress: Progress
    """Whom to tell."""
    origin: Origin
    """Digests of inputs, settings and code."""
    work: Path
    """Folder for what an interruption may leave."""
    facts: dict = field(default_factory=dict)
    """What the run record should hold besides."""

    @property
    def pipeline(self) -> Pipeline:
        return self.job.pipeline

    def input(self, name: str) -> Job:
        """An input by what it is to the step (Step.reads)."""
        return self.job.reads[name]


def first_process() -> bool:
    """Whether this is the first of a training's processes, or the only one."""
    return os.environ.get("RANK", "0") == "0"


Instead = Callable[[Job, list[str]], int | None]
"""Given a job and further words of its command, does something else and returns a status, or
None."""


def makes(
    app: typer.Typer, panel: str, *, torch: bool = False, instead: Instead | None = None
) -> Callable:
    """Make a function a verb of the command, by which the step of its name is made.

    torch: it needs torch. instead: asked first whether something else is to be done.
    """

    def decorate(function: Callable) -> Callable:
        step = STEPS[function.__name__]

        def command(configfile: Path, **arguments: str | int | bool) -> None:
            key = tuple(arguments.pop(name) for name in step.key)
            job = Job(open_pipeline(configfile, torch=torch), step, key)
            job.pipeline.check(job)
            progress, since = Progress(str(job), Console()), time.time()
            with _whole_commands(job):
                if take(job.gpus, progress.say) and _made_since(job, since):
                    progress.say("made by the process that was waited for")
                    return
                if torch:
                    import_torch()
                words = [f"--{name}" for name, value in arguments.items() if value]
                status = instead(job, words) if instead else None
                if status is not None:
                    raise typer.Exit(status)
                _make(function, job, progress, arguments)

        own = list(inspect.signature(function).parameters.values())[1:]
        file = inspect.Parameter(
            "configfile", inspect.Parameter.KEYWORD_ONLY, default=DEFAULT, annotation=Configfile
        )
        own = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own]
        vars(command)["__signature__"] = inspect.Signature([*own, file])
        command.__doc__ = function.__doc__
        verb(app, panel, step.verb)(command)
        return function

    return decorate


@contextmanager
def _whole_commands(job: Job) -> Iterator[None]:
    """An error inside names commands as they are typed here."""
    try:
        yield
    except DcctError as error:
        error.args = (job.with_commands(str(error)),)
        raise


def _make(function: Callable, job: Job, progress: Progress, arguments: dict) -> None:
    if not first_process():  # that one records
        nothing = Origin(inputs={}, settings="", code="")
        silent = Making(job=job, progress=Progress(), origin=nothing, work=job.work)
        function(silent, **job.values, **arguments)
        return
    if not job.step.resumes:
        _record(function, job, progress, arguments)
        return
    with only_one(job.work, progress.say) as waited:
        if waited and made_from(job, origin_of(job)):
            progress.say("made by the process that was waited for")
            return
        _record(function, job, progress, arguments)
        shutil.rmtree(job.work, ignore_errors=True)


def _made_since(job: Job, since: float) -> bool:
    """Whether somebody else, who had the cards, has made it meanwhile."""
    new = job.record.is_file() and job.record.stat().st_mtime >= since
    return new and made_from(job, origin_of(job))


def _record(function: Callable, job: Job, progress: Progress, arguments: dict) -> None:
    origin = origin_of(job)
    with recorded(job, origin) as facts:
        making = Making(job=job, progress=progress, origin=origin, work=job.work, facts=facts)
        function(making, **job.values, **arguments)
