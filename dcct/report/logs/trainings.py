"""Finished trainings as trackers of experiments know them: settings, curves, final metrics."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from dcct.config.metric import METRICS
from dcct.errors import DataError
from dcct.pipeline.pipeline import Job, Pipeline
from dcct.provenance.receipt import check_outputs
from dcct.report.tables.results import load_result

SECTIONS = ("clips", "network", "weights", "training")
"""Of a profile: what decides a training."""
Value = str | bool | int | float


@dataclass(frozen=True, kw_only=True)
class Training:
    """One that is finished and evaluated."""

    name: str
    """As in walkers/split0/dcct/seed0."""
    settings: dict[str, Value]
    """Dotted key → value; lists as text."""
    history: pd.DataFrame
    """A row an epoch, counted from 1: `epoch`, and a column for each curve."""
    metrics: dict[str, float]
    """In percent, at what tables report; of a backbone out of its checkpoint, backbone/metric."""


Write = Callable[[Iterator[Training], Path], None]
"""Writes trainings into an empty folder, as one tracker keeps them."""


def trainings_of(pipeline: Pipeline) -> Iterator[Training]:
    """Those of a profile that are finished, in its order.

    Raises DataError at files that are not what their receipts say.
    """
    for dataset in pipeline.profile.datasets:
        evaluations = pipeline.runs("rank", dataset)
        for job in pipeline.runs("train", dataset):
            mine = [one for one in evaluations if pipeline.training_of(one) == job]
            if (job / "history.parquet").is_file() and (metrics := _metrics(job, mine)):
                yield _training(job, mine, metrics)


def finished(pipeline: Pipeline) -> list[Training]:
    """The same, all of them. Raises DataError where there is none."""
    found = list(trainings_of(pipeline))
    if not found:
        raise DataError(
            f"{pipeline.results}: no training is finished: run `{pipeline.again}` first"
        )
    return found


def _training(job: Job, evaluations: list[Job], metrics: dict[str, float]) -> Training:
    check_outputs(job.receipt, job.again)
    history = next(run.history for one in evaluations if (run := load_result(one)))
    profile, variant = job.pipeline.profile, job.pipeline.variant(job["variant"])
    said = {
        **job.values,
        "variant": {"name": job["variant"], **variant.model_dump(mode="json")},
        **profile.model_dump(mode="json", include=set(SECTIONS)),
    }
    name = "/".join([job["dataset"], f"split{job['split']}", job["variant"], f"seed{job['seed']}"])
    return Training(name=name, settings=dict(_flat(said)), history=history, metrics=metrics)


def _metrics(job: Job, evaluations: list[Job]) -> dict[str, float]:
    found: dict[str, float] = {}
    for one in evaluations:
        if result := load_result(one):
            before = "" if one["variant"] == job["variant"] else f"{one['variant']}/"
            found |= {f"{before}{name}": 100 * result.headline[name] for name in METRICS}
    return found


def _flat(content: dict[str, Any], before: str = "") -> Iterator[tuple[str, Value]]:
    for key, value in content.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        elif value is not None:
            yield f"{before}{key}", str(value) if isinstance(value, list) else value
