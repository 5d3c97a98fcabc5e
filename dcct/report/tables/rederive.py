"""Tables made again in memory from the metrics, and held against the CSV files on disk."""

from collections.abc import Iterator
from csv import DictReader
from io import StringIO
from pathlib import Path

from dcct.pipeline.pipeline import Pipeline
from dcct.report.tables.columns import COLUMNS, row_name
from dcct.report.tables.csv_file import read_rows
from dcct.report.tables.tables import csv_text, tabulate
from dcct.runtime.progress import Progress

TIMED = [column.name for column in COLUMNS if column.timed]
"""Columns that differ between equal runs."""


def differing_tables(pipeline: Pipeline, progress: Progress) -> tuple[int, dict[Path, str]]:
    """How many numbers were compared, and CSV → one line on what in it does not follow from the
    metrics.

    Every table of the profile that is there; not the cost table, whose latencies were measured
    once.
    """
    compared, problems = 0, {}
    jobs = [pipeline.job("tabulate", name) for name in pipeline.profile.tables]
    jobs = [job for job in jobs if (job / "csv").is_file()]
    for job in progress.track(jobs, len(jobs), "tables"):
        path = job / "csv"
        made = csv_text(tabulate(pipeline, job["table"]))
        there = read_rows(path, f"delete it and run `{job.again}`")
        derived = list(DictReader(StringIO(made)))
        apart = list(_differences(there, derived))
        compared += sum(bool(value) for row in derived for value in row.values())
        if apart:
            more = f" (and {len(apart) - 1} more)" if len(apart) > 1 else ""
            problems[path] = f"{apart[0]}{more}: run `{job.again}`"
    return compared, problems


def _differences(there: list[dict], derived: list[dict]) -> Iterator[str]:
    if len(there) != len(derived):
        yield f"{len(there)} rows, but the metrics give {len(derived)}"
        return
    for old, new in zip(there, derived, strict=True):
        for column in dict.fromkeys([*old, *new]):
            if column not in TIMED and old.get(column) != new.get(column):
                found, given = old.get(column) or "nothing", new.get(column) or "nothing"
                yield f"{row_name(new)}, {column}: {found}, but the metrics give {given}"
