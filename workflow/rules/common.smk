# What all rules share: the checked profile, the paths, and what decides each step's numbers.
import signal
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from dcct.errors import DcctError
from dcct.pipeline.plan import EXPORTED, FIGURES, TABLE, VERIFIED, read_plan

try:
    PLAN = read_plan(
        workflow.overwrite_configfiles or workflow.configfiles,
        workflow.config_settings.config,
    )
except DcctError as error:
    sys.exit(f"error: {error}")
if MISSING := PLAN.missing():
    sys.exit(
        "\n".join(
            [
                f"error: {PLAN.configfile} cannot run yet. Missing:",
                *(f"  {line}" for line in MISSING),
                "Put it in place, or name a profile without it.",
            ]
        )
    )
PROFILE, PATHS, CODE, SETTINGS = PLAN.profile, PLAN.paths, PLAN.code, PLAN.settings


wildcard_constraints:
    dataset="|".join(PROFILE.tested),
    split=r"\d+",
    variant="|".join(
        PROFILE.judged
        + [one for name in PROFILE.tested for one in PROFILE.crossed(name)]
    ),
    table="|".join(PROFILE.tables),
    seed=r"\d+",


def learnt(wildcards):
    return PLAN.learnt(
        wildcards.dataset, wildcards.split, wildcards.variant, wildcards.seed
    )


def shown_features(wildcards):
    return PATHS.features(*PLAN.shown_run(wildcards.dataset))


# Marks of `snakemake --report`; the report page shows the same captions.
def marked(path, caption, category, **labels):
    caption = f"../../dcct/report/figures/captions/{caption}.rst"
    return report(path, caption=caption, category=category, labels=labels)


def figure(name):
    path = PATHS.figures("{dataset}") / name
    labels = {"data set": "{dataset}", "figure": path.stem}
    return marked(path, path.stem, "Figures", **labels)


shell.prefix("source workflow/jobs.sh; ")


# SLURM's cgroups give a signal to the first process of a job step alone, which is Snakemake: it passes this one on.
def pass_on(number, _frame):
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


signal.signal(signal.SIGUSR1, pass_on)
