"""Two variants, or two folders of results, side by side: means and paired differences on the same
queries."""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dcct.config.metric import METRICS
from dcct.errors import DataError
from dcct.evaluation.statistics import Estimate, Sample
from dcct.pipeline.pipeline import Pipeline
from dcct.pipeline.step import RECEIPT
from dcct.provenance.commits import is_commit, metrics_of
from dcct.provenance.documents import read_metrics
from dcct.provenance.receipt import check_outputs
from dcct.report.tables.results import Evaluated, sample


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One metric of two sides, in percent, over the splits and seeds that both have."""

    dataset: str
    """On which both were evaluated."""
    a: tuple[str, str]
    """Variant and feature set."""
    b: tuple[str, str]
    """Variant and feature set."""
    metric: str
    """Its name."""
    runs: int
    """Splits and seeds in common."""
    queries: int
    """Of all splits."""
    a_mean: Estimate
    """Of A alone."""
    b_mean: Estimate
    """Of B alone."""
    difference: Estimate
    """A − B, paired."""
    p_value: float | None
    """Of the difference, over trainings and identities; None with a single training."""


def compare_sides(pipeline: Pipeline, a: str, b: str) -> tuple[list[Compared], list[str]]:
    """A − B of two variants of the profile, of two results folders or git commits, and what could
    not be compared."""
    profile, resamples = pipeline.profile, pipeline.profile.evaluation.bootstrap
    known = {
        label
        for dataset in profile.tested
        for label in [*pipeline.labels(dataset), *pipeline.kept(dataset)]
    }
    if {a, b} <= known:
        return compare_variants(pipeline, a, b), []
    if {a, b} & known:
        unknown = b if a in known else a
        raise DataError(
            f"{unknown}: no variant that {pipeline.configfile} evaluates, unlike the other side:"
            f" name one of {', '.join(sorted(known))}"
        )
    with tempfile.TemporaryDirectory() as folder:
        (first, lacking), (second, lacking_too) = (
            _side(name, Path(folder, at)) for name, at in ((a, "a"), (b, "b"))
        )
        rows, alone = compare_folders(first, second, resamples)
        return rows, [*alone, *lacking, *lacking_too]


def _side(name: str, folder: Path) -> tuple[list[Evaluated], list[str]]:
    """The metrics of a results folder or a commit, and what is lacking; a commit's are laid out in
    `folder`."""
    if Path(name).is_dir():
        return evaluated_in(Path(name)), []
    if not is_commit(name):
        raise DataError(
            f"{name}: no variant of the profile, no folder, no git commit: name two of one kind"
        )
    lacking = metrics_of(name, folder)
    return evaluated_in(folder), lacking


def evaluated_in(results: Path) -> list[Evaluated]:
    """Everything that was evaluated in a results folder. Raises DataError where that is nothing, or
    damaged."""
    found: dict[tuple, Evaluated] = {}
    for path in sorted((results / "metrics").rglob("metrics.json")):
        check_outputs(path.parent / RECEIPT, "dcct rank")
        metrics = read_metrics(path, "dcct rank")
        one = Evaluated(
            split=metrics["split"], seed=metrics["seed"], metrics=metrics, folder=path.parent
        )
        key = metrics["dataset"], metrics["variant"], one.split, one.seed
        if (other := found.setdefault(key, one)) is not one:
            raise DataError(
                f"{path.parent}: says of which run it is as {other.folder} does: move the one that"
                f" is a copy out of {results}"
            )
    if not found:
        raise DataError(f"{results}: no metrics: name the results folder of a run")
    return list(found.values())


def compare_variants(pipeline: Pipeline, a: str, b: str) -> list[Compared]:
    """A − B on every data set on which both were evaluated. Raises DataError where there is
    none."""
    cells, resamples = _cells(evaluated_in(pipeline.results)), pipeline.profile.evaluation.bootstrap
    datasets = [dataset for dataset, name in cells if name == a and (dataset, b) in cells]
    if not datasets:
        raise DataError(f"{a}, {b}: not evaluated both on any data set: run `{pipeline.again}`")
    pairs = [(cells[dataset, a], cells[dataset, b]) for dataset in datasets]
    return [row for pair in pairs for row in _compared(*pair, resamples)]


def compare_folders(
    a: list[Evaluated], b: list[Evaluated], resamples: int
) -> tuple[list[Compared], list[str]]:
    """A − B of every variant and data set in both, and a line for each that is in one alone."""
    first, second = _cells(a), _cells(b)
    common = [cell for cell in first if cell in second]
    alone = [
        f"only in {side}: {name} on {dataset}"
        for side, cells, other in (("A", first, second), ("B", second, first))
        for dataset, name in cells
        if (dataset, name) not in other
    ]
    if not common:
        raise DataError(
            f"nothing in common; {'; '.join(alone)}: name two runs that evaluate the same variants"
        )
    return [
        row for cell in common for row in _compared(first[cell], second[cell], resamples)
    ], alone


def _cells(results: Iterable[Evaluated]) -> dict[tuple[str, str], list[Evaluated]]:
    """(data set, variant) → its splits and seeds."""
    cells: dict[tuple[str, str], list[Evaluated]] = {}
    for one in results:
        cells.setdefault((one.metrics["dataset"], one.metrics["variant"]), []).append(one)
    return cells


def _compared(a: list[Evaluated], b: list[Evaluated], resamples: int) -> list[Compared]:
    """One row per metric, each side at its headline feature set."""
    common = {(run.split, run.seed) for run in a} & {(run.split, run.seed) for run in b}
    names = f"{_title(a[0])} and {_title(b[0])}"
    if not common:
        raise DataError(f"{names}: no split and seed in common: run both with the same seeds")
    sides = [[run for run in side if (run.split, run.seed) in common] for side in (a, b)]
    rows = []
    for metric in METRICS:
        first, second = (
            sample(side, metric, side[0].headline["sampler"], side[0].headline["feature"])
            for side in sides
        )
        difference = _difference(first, second, names)
        rows.append(
            Compared(
                dataset=a[0].metrics["dataset"],
                a=(a[0].metrics["variant"], a[0].headline["feature"]),
                b=(b[0].metrics["variant"], b[0].headline["feature"]),
                metric=metric,
                runs=len(common),
                queries=len(difference.pids),
                a_mean=first.estimate(resamples),
                b_mean=second.estimate(resamples),
                difference=difference.estimate(resamples),
                p_value=difference.p_value(),
            )
        )
    return rows


def _difference(a: Sample, b: Sample, names: str) -> Sample:
    if not (np.array_equal(a.tracklets, b.tracklets) and np.array_equal(a.pids, b.pids)):
        raise DataError(
            f"{names}: evaluated on different queries ({len(a.pids)} and {len(b.pids)}): only runs"
            " on the same data, splits and protocol can be compared"
        )
    return a - b


def _title(run: Evaluated) -> str:
    return f"{run.metrics['variant']} on {run.metrics['dataset']} in {run.folder}"
