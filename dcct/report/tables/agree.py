"""A run held against a published one: what must be equal, and whether the rest differs by more than
trainings do."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dcct.config.metric import METRICS
from dcct.config.table import CHANCE
from dcct.errors import DataError
from dcct.evaluation.agreement import Runs, p_value
from dcct.pipeline.pipeline import Job, Pipeline
from dcct.pipeline.step import RECEIPT
from dcct.provenance.documents import read_metrics
from dcct.provenance.receipt import check_outputs
from dcct.report.tables.columns import COLUMNS, row_name
from dcct.report.tables.csv_file import read_rows
from dcct.seeding import Stream, generator

EXACT = ["status", "queries", "dimensions", "parameters", "data"]
EXACT += [column.name for column in COLUMNS if column.setting]
"""Columns of tables that no training decides."""
METRICS_FILE = "metrics.json"
Cell = tuple[str, str, str]
"""Sampler, feature set, metric."""


@dataclass(kw_only=True)
class Held:
    """A run beside a published one."""

    facts: int = 0
    """Cells of tables that are equal and have to be."""
    different: list[str] = field(default_factory=list)
    """One line for each that is not, or is not there."""
    trained: list[str] = field(default_factory=list)
    """Trainings' variants whose scores were compared."""
    scores: int = 0
    """Means over seeds that were compared."""
    same: int = 0
    """Metrics files that are equal byte by byte."""
    files: int = 0
    """Metrics files that both runs have."""
    several: bool = False
    """One of the runs has several seeds, so that it is known how far seeds lie apart."""
    p_value: float = 1.0
    """How often two honest runs differ as much."""


def hold(pipeline: Pipeline, reference: Path) -> Held:
    """A run's tables and metrics held against those of a folder that `dcct publish` has filled.

    Raises DataError where nothing was published or run, or a file is damaged.
    """
    held = Held()
    then = "name a folder that `dcct publish` has filled"
    published = {
        path.name: rows for path in sorted(reference.glob("*.csv")) if (rows := _rows(path, then))
    }
    if not published:
        raise DataError(f"{reference}: no published tables: {then}")
    if not any((pipeline.results / "tables" / name).is_file() for name in published):
        raise DataError(
            f"{pipeline.results / 'tables'}: none of the published tables is here, nothing has been"
            f" run: run `{pipeline.again}` first"
        )
    for receipt in sorted(reference.rglob(f"*{RECEIPT}")):
        if receipt.parent == reference or receipt.parent.joinpath(METRICS_FILE).is_file():
            check_outputs(receipt, "dcct publish")
    for name, theirs in published.items():
        _hold_facts(held, name, theirs, pipeline)
    _hold_scores(held, pipeline, reference)
    return held


def _hold_facts(held: Held, name: str, published: list[dict], pipeline: Pipeline) -> None:
    path = pipeline.results / "tables" / name
    if not path.is_file():
        held.different.append(f"{path}: not there: run `{pipeline.again}`")
        return
    ours = {row_name(row): row for row in _rows(path, f"delete it and run `{pipeline.again}`")}
    for theirs in published:
        where, row = f"{name}, {row_name(theirs)}", ours.get(row_name(theirs))
        if row is None:
            held.different.append(f"{where}: not there")
            continue
        exact = [*EXACT, *METRICS] if theirs.get("variant") == CHANCE else EXACT
        for column in exact:
            if theirs.get(column, "") == row.get(column, ""):
                held.facts += 1
            else:
                found, wanted = row.get(column) or "nothing", theirs[column] or "nothing"
                held.different.append(f"{where}, {column}: {found}, published {wanted}")


def _hold_scores(held: Held, pipeline: Pipeline, reference: Path) -> None:
    found: dict[str, list[Runs]] = {}
    for ours, theirs in _labels(pipeline, reference):
        files = {path.parent.name: path for path in theirs}
        pairs = [(job / METRICS_FILE, files.get(job.folder.name)) for job in ours]
        shared = [(one, other) for one, other in pairs if other]
        held.files += len(shared)
        held.same += sum(one.read_bytes() == other.read_bytes() for one, other in shared)
        both = _scores([one for one, _ in pairs], theirs)
        held.scores += both[0].shape[1]
        held.several |= max(map(len, both)) > 1
        found.setdefault(_training(ours[0]), []).append(both)
    held.trained = list(found)
    together = [
        (np.hstack([one for one, _ in runs]), np.hstack([other for _, other in runs]))
        for runs in found.values()
    ]
    held.p_value = p_value(together, generator(0, Stream.AGREEMENT))


def _labels(pipeline: Pipeline, reference: Path) -> Iterator[tuple[list[Job], list[Path]]]:
    """Of every evaluated label on a split: our seeds' jobs, and the published files of all
    seeds."""
    groups: dict[Path, list[Job]] = {}
    for job in pipeline.jobs():
        if job.step.verb == "rank" and (job / METRICS_FILE).is_file():
            groups.setdefault(job.folder.parent, []).append(job)
    for folder, jobs in groups.items():
        theirs = sorted(
            (reference / folder.relative_to(pipeline.results)).glob(f"seed*/{METRICS_FILE}")
        )
        if theirs:
            yield jobs, theirs


def _scores(ours: list[Path], theirs: list[Path]) -> Runs:
    """(seeds, cells) in percent of either side, cells that all of them have."""
    sides = [
        [_cells(path, verb) for path in paths]
        for paths, verb in ((ours, "dcct rank"), (theirs, "dcct publish"))
    ]
    every = [cells for side in sides for cells in side]
    common = [cell for cell in every[0] if all(cell in cells for cells in every)]
    first, second = (
        np.array([[cells[cell] for cell in common] for cells in side]) for side in sides
    )
    return first, second


def _cells(path: Path, verb: str) -> dict[Cell, float]:
    rows = read_metrics(path, verb)["rows"]
    return {
        (row["sampler"], row["feature"], metric): 100 * row[metric]
        for row in rows
        for metric in METRICS
        if metric in row
    }


def _training(job: Job) -> str:
    """What labels have in common that one training made."""
    run = job.pipeline.training_of(job).run
    return f"{run.variant} on {run.dataset}, split {run.split}"


def _rows(path: Path, then: str) -> list[dict]:
    """Rows of a table of results; none for another CSV."""
    rows = read_rows(path, then)
    return rows if rows and {"dataset", "trained_on", "status"} <= rows[0].keys() else []
