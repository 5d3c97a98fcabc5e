"""The scores of every seed of a run in one small file, by which another run is held against it."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from dcct.config.metric import METRICS
from dcct.files import write_text
from dcct.pipeline.pipeline import Job, Pipeline
from dcct.provenance.documents import read_metrics

FILE = "scores.csv"
RUN = ("dataset", "split", "variant", "seed")
CELL = ("sampler", "feature")
DIGITS = 6
"""Of percent."""


def score_rows(job: Job) -> Iterator[dict[str, str]]:
    """An evaluation's metrics in percent, one row per sampler and feature set."""
    run = {name: str(job[name]) for name in RUN}
    for row in read_metrics(job / "metrics.json", job.again)["rows"]:
        scores = {name: f"{100 * row[name]:.{DIGITS}f}" for name in METRICS}
        yield run | {name: row[name] for name in CELL} | scores


def write_scores(pipeline: Pipeline, path: Path) -> None:
    """Those of all of a profile's evaluations."""
    text = io.StringIO()
    writer = csv.DictWriter(text, (*RUN, *CELL, *METRICS), lineterminator="\n")
    writer.writeheader()
    for job in pipeline.jobs():
        if job.step.verb == "rank":
            writer.writerows(score_rows(job))
    write_text(path, text.getvalue())
