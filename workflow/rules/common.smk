# What all rules share: the one checked profile, and how a rule follows from the record of its step.
import gc
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
from rich.console import Console
from snakemake.logging import logger
from snakemake.settings.enums import Quietness

from dcct.config.load import SHIPPED
from dcct.config.names import at_home
from dcct.errors import ConfigError, DcctError
from dcct.pipeline.pipeline import DEFAULT
from dcct.pipeline.steps import STEPS, read_pipeline
from dcct.provenance.intact import damage
from dcct.runtime.overview import Overview
from dcct.runtime.pace import Pace
from dcct.runtime.streams import Lasting, ready_streams

# What is imported, syntax trees and the DAG are many objects that live, among which no garbage is
# to be found: looking through them, now and at the end, takes a third of a plan.
gc.freeze()
gc.set_threshold(100_000, 50, 100)


# The steps read the profile's file, not Snakemake's merged config: what --config or a second
# --configfile says would be silently ignored, so it is refused. Another workflow, of which this one
# is a module, names the file in its config; what has a results_dir is a profile itself.
def profile_file():
    overrides, files = workflow.config_settings.config, workflow.overwrite_configfiles
    alone = "profile" not in overrides or len(overrides) == 1
    if "profile" in config and "results_dir" not in config and alone:
        return Path(at_home(str(config["profile"])))
    if overrides or len(files) > 1:
        what = (
            f"--config {' '.join(overrides)}"
            if overrides
            else f"{len(files)} config files"
        )
        raise ConfigError(
            f"{what}: the steps read one profile file and would not see it: write a profile of your"
            " own and name it with --configfile"
        )
    if files:
        return Path(os.path.relpath(files[0]))
    return DEFAULT if DEFAULT.exists() else SHIPPED / DEFAULT.name


STATE = Path(".snakemake")
if not os.access(STATE if STATE.exists() else ".", os.W_OK):
    sys.exit(
        f"error: {Path.cwd()}: cannot be written, and Snakemake keeps its state in {STATE} here:"
        " work in another folder with --directory FOLDER"
    )
try:
    CONFIGFILE = profile_file()
    PIPELINE = read_pipeline(CONFIGFILE)
except DcctError as error:
    sys.exit(f"error: {error}")
if MISSING := PIPELINE.missing():
    sys.exit(
        "\n".join(
            [
                f"error: {CONFIGFILE} cannot run yet. Missing:",
                *(f"  {line}" for line in MISSING),
                "Put it in place, or name a profile without it.",
            ]
        )
    )


# What --quiet shows is the run as a whole. Snakemake's own lines and the steps' go to their logs, in
# full: its scheduler would not even tell what is finished.
def show_as_a_whole():
    workflow.scheduler.print_progress = True
    shell.prefix(
        "set -euo pipefail; exec > /dev/null; "
    )  # its own prefix, and where output goes
    long = {verb for verb, step in STEPS.items() if step.long}
    ready_streams()
    console = Console(stderr=True, file=Lasting(sys.stderr))
    overview = Overview(console, Pace(workflow.dag.stats()[1], long))
    for handler in logger.handlers:
        if handler.name == "DefaultLogFileHandler":
            handler.filters.clear()
        elif handler.name == "DefaultStreamHandler":
            handler.setLevel("WARNING")
            handler.setStream(sys.stderr)  # a live picture has taken its place
    logger.addHandler(overview)


# Found before the first job: networks that timm, or the other branch, refuses.
#
# Snakemake starts at most 100 jobs a second, and so as to miss no free slot looks for one a second
# later, anew for every job that it has started: in a long run that takes a core. Who asks for
# another limit has it.
onstart:
    if {Quietness.RULES, Quietness.PROGRESS} <= set(
        workflow.output_settings.quiet or ()
    ):
        show_as_a_whole()
    limit = workflow.scheduling_settings.max_jobs_per_timespan
    if limit and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None
    if {"weights", "train"} & {
        job.rule.name for job in workflow.dag.needrun_jobs()
    }:
        command = ["-m", "dcct", "check", "--configfile", str(CONFIGFILE)]
        if subprocess.run([sys.executable, *command]).returncode:
            sys.exit(1)


wildcard_constraints:
    **PIPELINE.constraints(),


# A step's rule takes what the job of its wildcards says.
def of_job(pattern, say):
    return lambda wildcards: say(PIPELINE.filled(pattern, wildcards))


# Asked for late: some commands, such as --unlock, run nothing and are told no number of cores.
def cpus(pattern):
    on_all = pattern.step.runs_on == "cores" or pattern.step.alone
    return lambda wildcards: workflow.cores if on_all else pattern.threads


# What the user gives is known by its digest, which is among the settings: its time decides nothing.
def settings(job):
    return {**job.settings, **job.given_digests}


# Digests are small and compared by content: they say whether the files changed that they name.
# Snakemake sees that a file is gone, but not that it is emptied or cut: its job is forced.
def inputs(job):
    if spoilt := damage(job):
        workflow.dag.forcefiles.add(str(spoilt))
    files = [ancient(path) for other in job.reads.values() for path in other.outputs]
    files += map(ancient, job.given)
    return [*job.digests, *files, *job.quotes]


# With a mark for `snakemake --report` on the file that people look at.
def outputs(pattern):
    labels = {name: str(value) for name, value in pattern.values.items()}
    marks = {
        "caption": pattern.caption,
        "category": pattern.step.verb,
        "labels": labels,
    }
    marked = lambda path: report(path, **marks) if path == pattern.looked_at else path
    return list(map(marked, pattern.products))


# SLURM's cgroups give a signal to the first process of a job step alone, which is Snakemake: it
# passes this one on.
def pass_on(number, _frame):
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


signal.signal(signal.SIGUSR1, pass_on)
