"""The scores of every seed of a run, and what its evaluator makes of drawn features, in two small
files, by which another run is held against it; and the results of every query, from which anyone
can work out intervals and verdicts."""

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from dcct.config.metric import METRICS
from dcct.datasets.manifest import write_parquet
from dcct.datasets.parquet import read_parquet
from dcct.evaluation.trial import CELL, trial
from dcct.files import write_text
from dcct.pipeline.pipeline import Job, Pipeline
from dcct.provenance.documents import read_metrics

FILE, TRIAL, QUERIES = "scores.csv", "trial.csv", "ap.parquet"
SPLIT = ("dataset", "split")
RUN = (*SPLIT, "variant", "seed")
DIGITS = 6
"""Of percent."""
ASKED = pa.schema(
    [
        *((name, pa.string()) for name in CELL),
        *((name, pa.int32()) for name in ("tracklet", "pid")),
        ("first_hit", pa.int64()),
        ("ap", pa.float64()),
    ]
)
"""What is read of a run's queries.parquet."""


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


def write_queries(pipeline: Pipeline, path: Path) -> None:
    """AP and rank of the first match (0 where there is none) of every query, at what tables report
    of each run."""
    tables = [_queries(job) for job in pipeline.jobs() if job.step.verb == "rank"]
    write_parquet(path, pa.concat_tables(tables))


def _queries(job: Job) -> pa.Table:
    asked = read_metrics(job / "metrics.json", job.again)["headline"]
    rows = read_parquet(job / "queries.parquet", job.again, ASKED)
    for name in CELL:
        rows = rows.filter(pc.equal(rows[name], asked[name]))
    columns = {name: rows[name] for name in ("tracklet", "pid", "first_hit")}
    run = {name: pa.array([job[name]] * len(rows)).dictionary_encode() for name in RUN}
    return pa.table({**run, **columns, "ap": rows["ap"].cast(pa.float32())})


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
