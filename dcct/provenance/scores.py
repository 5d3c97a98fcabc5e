"""The scores of every seed of a run, and what its evaluator makes of drawn features, in two small
files, by which another run is held against it."""

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

from dcct.config.metric import METRICS
from dcct.evaluation.trial import CELL, trial
from dcct.files import write_text
from dcct.pipeline.pipeline import Job, Pipeline
from dcct.provenance.documents import read_metrics

FILE, TRIAL = "scores.csv", "trial.csv"
SPLIT = ("dataset", "split")
RUN = (*SPLIT, "variant", "seed")
DIGITS = 6
"""Of percent."""


def score_rows(job: Job) -> Iterator[dict[str, str]]:
    """An evaluation's metrics in percent, one row per sampler and feature set."""
    run = {name: str(job[name]) for name in RUN}
    for row in read_metrics(job / "metrics.json", job.again)["rows"]:
        scores = {name: f"{100 * row[name]:.{DIGITS}f}" for name in METRICS}
        yield run | {name: row[name] for name in CELL} | scores


def trial_rows(job: Job) -> Iterator[dict[str, str]]:
    """What drawn features are worth on a split's test clips (a job of `sample`), in percent.

    Raises DataError where the clips or the manifest are missing.
    """
    pipeline, split = job.pipeline, {name: str(job[name]) for name in SPLIT}
    manifest, protocol = job.other("manifest").folder, pipeline.dataset(job["dataset"]).protocol
    for row in trial(job / "clips.parquet", manifest, protocol, pipeline.profile):
        yield split | {
            name: f"{value:.{DIGITS}f}" if name in METRICS else value for name, value in row.items()
        }


def write_scores(pipeline: Pipeline, path: Path) -> None:
    """Those of all of a profile's evaluations."""
    _write((*RUN, *CELL, *METRICS), score_rows, "rank", pipeline, path)


def write_trial(pipeline: Pipeline, path: Path) -> None:
    """What drawn features are worth on all of a profile's splits."""
    _write((*SPLIT, *CELL, *METRICS), trial_rows, "sample", pipeline, path)


def _write(
    columns: tuple[str, ...],
    rows: Callable[[Job], Iterator[dict[str, str]]],
    verb: str,
    pipeline: Pipeline,
    path: Path,
) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for job in pipeline.jobs():
        if job.step.verb == verb:
            writer.writerows(rows(job))
    write_text(path, text.getvalue())
