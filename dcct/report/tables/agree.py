"""A run held against a published one: what must be equal, and whether the rest differs by more than
trainings do."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dcct.config.metric import METRICS
from dcct.config.table import CHANCE
from dcct.errors import DataError
from dcct.evaluation.agreement import Runs, p_value
from dcct.evaluation.trial import CELL
from dcct.pipeline.pipeline import Job, Pipeline
from dcct.pipeline.step import RECEIPT
from dcct.provenance.documents import read_receipt
from dcct.provenance.receipt import check_outputs
from dcct.provenance.scores import FILE, RUN, SPLIT, TRIAL, score_rows, trial_rows
from dcct.report.tables.columns import COLUMNS, row_name
from dcct.report.tables.csv_file import number_in, read_rows
from dcct.seeding import Stream, generator

EXACT = ["status", "queries", "dimensions", "parameters", "data"]
EXACT += [column.name for column in COLUMNS if column.setting]
"""Columns of tables that no training decides."""
SAME = 0.02
"""Percent by which what drawn features are worth may differ: two distances that are equal but for
rounding may change places."""
Run = tuple[str, str, str]
"""Data set, split, label."""
Scores = dict[tuple[str, str, str], float]
"""Sampler, feature set, metric → percent."""
Labels = dict[Run, dict[str, Scores]]
"""Run → seed → scores."""


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
    for receipt in sorted(reference.glob(f"*.{RECEIPT}")):
        check_outputs(receipt, "dcct publish")
    for name, theirs in published.items():
        _hold_facts(held, name, theirs, pipeline)
    _hold_trial(held, pipeline, reference)
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


def _hold_trial(held: Held, pipeline: Pipeline, reference: Path) -> None:
    """What the evaluator makes of drawn features: of clips, cameras, queries, gallery and rules."""
    ours: dict[tuple[str, ...], dict[str, str]] = {}
    for job in pipeline.jobs():
        if job.step.verb == "sample":
            ours |= {tuple(row[name] for name in (*SPLIT, *CELL)): row for row in trial_rows(job)}
    for theirs in read_rows(reference / TRIAL, "name a folder that `dcct publish` has filled"):
        key = tuple(theirs.get(name, "") for name in (*SPLIT, *CELL))
        where, row = f"{TRIAL}, {' '.join(key)}", ours.get(key)
        for name in METRICS:
            wanted = number_in(theirs, name, str(reference / TRIAL))
            if row and abs(float(row[name]) - wanted) <= SAME:
                held.facts += 1
            else:
                found = f"{float(row[name]):.2f}" if row else "nothing"
                held.different.append(f"{where}, {name}: {found}, published {wanted:.2f}")


def _hold_scores(held: Held, pipeline: Pipeline, reference: Path) -> None:
    ours = [job for job in pipeline.jobs() if job.step.verb == "rank" and _is_there(job)]
    for job in ours:
        published = reference / job.receipt.relative_to(pipeline.results)
        if published.is_file():
            held.files += 1
            theirs = read_receipt(published, "dcct publish")["outputs"].get("metrics.json")
            held.same += theirs == read_receipt(job.receipt, job.again)["outputs"]["metrics.json"]
    runs = _runs_of(ours, _published(reference))
    held.trained, held.several = list(runs), any(max(map(len, pair)) > 1 for pair in runs.values())
    held.scores = sum(pair[0].shape[1] for pair in runs.values())
    held.p_value = p_value(list(runs.values()), generator(0, Stream.AGREEMENT))


def _is_there(job: Job) -> bool:
    return job.receipt.is_file() and (job / "metrics.json").is_file()


def _published(reference: Path) -> Labels:
    then = "name a folder that `dcct publish` has filled"
    path = reference / FILE
    found: Labels = {}
    for row in read_rows(path, then):
        if not {*RUN, *CELL, *METRICS} <= row.keys():
            raise DataError(f"{path}: lacks columns of scores: {then}")
        _add(found, row, str(path))
    return found


def _add(labels: Labels, row: dict[str, str], where: str) -> None:
    run, cell = (row["dataset"], row["split"], row["variant"]), (row["sampler"], row["feature"])
    scores = labels.setdefault(run, {}).setdefault(row["seed"], {})
    scores |= {(*cell, name): number_in(row, name, where) for name in METRICS}


def _runs_of(ours: list[Job], published: Labels) -> dict[str, Runs]:
    """Training → its labels' scores of every seed, in this run and in the published one."""
    labels: Labels = {}
    trainings: dict[str, dict[Run, None]] = {}
    for job in ours:
        run = job["dataset"], str(job["split"]), job["variant"]
        if run in published:
            trainings.setdefault(_training(job), {})[run] = None
            for row in score_rows(job):
                _add(labels, row, str(job))
    return {
        name: (_table(labels, published, runs), _table(published, labels, runs))
        for name, runs in trainings.items()
    }


def _table(labels: Labels, others: Labels, runs: Iterable[Run]) -> np.ndarray:
    """(seeds, cells) of labels of one training: seeds that all labels have, cells that all seeds of
    both runs have."""
    first = labels[next(iter(runs))]
    seeds = sorted((seed for seed in first if all(seed in labels[run] for run in runs)), key=int)
    columns = []
    for run in runs:
        every = [*labels[run].values(), *others[run].values()]
        cells = sorted(set.intersection(*map(set, every)))
        columns.append([[labels[run][seed][cell] for cell in cells] for seed in seeds])
    return np.hstack([np.array(one, float).reshape(len(seeds), -1) for one in columns])


def _training(job: Job) -> str:
    """What labels have in common that one training made."""
    run = (job.pipeline.training_of(job) or job).run
    return f"{run.variant} on {run.dataset}, split {run.split}"


def _rows(path: Path, then: str) -> list[dict]:
    """Rows of a table of results; none for another CSV."""
    rows = read_rows(path, then)
    return rows if rows and {"dataset", "trained_on", "status"} <= rows[0].keys() else []
