"""What finished runs left behind, read once and without torch. A run that is missing is a gap,
never an error."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from dcct.config.metric import RATES
from dcct.config.variant import Variant
from dcct.datasets.parquet import read_parquet, reading
from dcct.errors import DataError
from dcct.evaluation.statistics import Sample, same_queries
from dcct.pipeline.pipeline import Job, Pipeline
from dcct.provenance.documents import read_distances, read_metrics, read_record
from dcct.provenance.receipt import check_outputs

QUERIES = pa.schema(
    [
        ("sampler", pa.string()),
        ("feature", pa.string()),
        *((name, pa.int32()) for name in ("tracklet", "pid")),
        *((name, pa.float64()) for name in ("ap", "inp")),
        *((name, pa.int64()) for name in ("first_hit", "matches", "candidates")),
        *((name, pa.float64()) for name in RATES),
    ]
)
"""What tables and figures read of queries.parquet, beside its lists."""
HISTORY = pa.schema([("epoch", pa.int64())])
"""What every history.parquet has; its loss terms are the variant's."""
SLIPS = pa.schema(
    [
        *((name, pa.string()) for name in ("variant", "slip")),
        ("seed", pa.int64()),
        *((name, pa.int32()) for name in ("tracklet", "pid")),
        ("ap", pa.float64()),
        ("first_hit", pa.int64()),
    ]
)
"""What `dcct misjudge` writes."""
Tables = Mapping[tuple[int, int], pd.DataFrame]
"""(Split, seed) → results of queries, indexed by tracklet."""


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """What `dcct rank` left of one split and seed."""

    split: int
    """Of the data set."""
    seed: int
    """Of training."""
    metrics: dict
    """Contents of metrics.json."""
    folder: Path
    """Where that lies."""

    @property
    def headline(self) -> dict:
        """The row that tables report: first sampler of the profile, headline feature set of the
        variant."""
        return self.metrics["headline"]

    @cached_property
    def distances(self) -> dict:
        """What distances mean at the headline: see evaluation/calibration.py. Raises DataError
        where that is not known."""
        path, row = self.folder / "distances.json", self.headline
        for one in read_distances(path, "dcct rank")["rows"]:
            if (one["sampler"], one["feature"]) == (row["sampler"], row["feature"]):
                return one
        raise DataError(
            f"{path}: says nothing of {row['sampler']} {row['feature']}: run `dcct rank` again"
        )

    @cached_property
    def queries(self) -> pd.DataFrame:
        """One row per sampler, feature set and query."""
        return _read_parquet(self.folder / "queries.parquet", "dcct rank", QUERIES)

    def ranked(self, sampler: str, feature: str) -> pd.DataFrame:
        """Queries with a match, indexed by tracklet: pid, ap, inp, first_hit, top, distance.

        Raises DataError when nothing was evaluated at this sampler and feature set.
        """
        table = self.asked(sampler, feature)
        return table[table["matches"] > 0]

    def asked(self, sampler: str, feature: str) -> pd.DataFrame:
        """The same of all queries. Raises as `ranked`."""
        table = self.queries
        chosen = table[(table["sampler"] == sampler) & (table["feature"] == feature)]
        if not (chosen["matches"] > 0).any():
            raise DataError(
                f"{self.folder}: nothing evaluated at sampler {sampler}, feature set {feature}: "
                "run `dcct extract` and `dcct rank` again"
            )
        return chosen.set_index("tracklet").sort_index()


@dataclass(frozen=True, kw_only=True)
class Result(Evaluated):
    """One variant, evaluated on one split with one seed, and its training."""

    variant: Variant
    """Its configuration."""
    ranking: Job
    """The evaluation."""
    training: Job | None
    """The training whose checkpoint was evaluated: a donor's for backbone_of; none of features that
    were given."""

    @cached_property
    def history(self) -> pd.DataFrame:
        """One row per epoch of training."""
        path = self.training and self.training / "history.parquet"
        if not (self.training and path and path.is_file()):
            return pd.DataFrame({"epoch": []})
        return _read_parquet(path, self.training.again, HISTORY)

    @property
    def seconds(self) -> float | None:
        """Of training and extraction; None where a run record is gone, or nothing was trained."""
        training, extraction = self._record("train"), self._record("extract")
        if not (training and extraction) or training["train_seconds"] is None:
            return None
        return training["train_seconds"] + extraction["seconds"]

    @cached_property
    def origins(self) -> dict[str, dict[str, str]]:
        """Digests of settings and code of the steps behind it; none where a record is gone."""
        records = {verb: self._record(verb) for verb in ("train", "extract", "rank")}
        return {
            kind: {verb: record.get(kind, "") for verb, record in records.items()}
            for kind in ("settings", "code")
        }

    def _record(self, verb: str) -> dict:
        job = self.training if verb == "train" else self.ranking.other(verb)
        return read_record(job.record, job.again) if job and job.record.is_file() else {}

    @property
    def parameters(self) -> int | None:
        return self.metrics["parameters"]


def load_results(
    pipeline: Pipeline, dataset: str, labels: Iterable[str] | None = None
) -> dict[str, list[Result]]:
    """Everything that is trained and evaluated on a data set, or these labels (variant@data set
    where it was trained elsewhere) → results by split and seed; an empty list where nothing was
    run.

    Raises DataError at metrics that are damaged or stand without a receipt.
    """
    names = pipeline.profile.evaluated if labels is None else labels
    return {
        name: [run for job in pipeline.runs("rank", dataset, [name]) if (run := load_result(job))]
        for name in names
    }


def load_result(ranking: Job) -> Result | None:
    """One run's result; None where it was not run. Raises DataError at metrics that are not what
    their receipt says."""
    if not (ranking / "metrics.json").is_file():
        return None
    check_outputs(ranking.receipt, ranking.again)
    return Result(
        variant=ranking.pipeline.variant(ranking["variant"]),
        split=ranking["split"],
        seed=ranking["seed"],
        metrics=read_metrics(ranking / "metrics.json", ranking.again),
        folder=ranking.folder,
        ranking=ranking,
        training=ranking.pipeline.training_of(ranking),
    )


def load_slips(pipeline: Pipeline, dataset: str) -> dict[tuple[str, str], Tables]:
    """(Slip, variant) → what came of it, of all splits and seeds that were judged with it.

    Raises DataError at a file that is not what its receipt says.
    """
    found: dict[tuple[str, str], Tables] = {}
    for split in pipeline.splits(dataset):
        job = pipeline.job("misjudge", dataset, split)
        if (job / "queries.parquet").is_file():
            check_outputs(job.receipt, job.again)
            table = read_parquet(job / "queries.parquet", job.again, SLIPS).to_pandas()
            table = table.set_index("tracklet")
            for (slip, variant, _), rows in table.groupby(["slip", "variant", "seed"]):
                run, key = (split, int(rows["seed"].iloc[0])), (str(slip), str(variant))
                found[key] = {**found.get(key, {}), run: rows.sort_index()}
    return found


def sample(runs: Sequence[Evaluated], metric: str, sampler: str, feature: str) -> Sample:
    """Per-query values of a metric (mAP, mINP, rankK, or one of RATES) of one variant's runs, at
    one sampler and feature set."""
    return stacked({(run.split, run.seed): run.ranked(sampler, feature) for run in runs}, metric)


def stacked(runs: Tables, metric: str) -> Sample:
    """The same of any results of queries: split and seed → table as of `Evaluated.ranked`. A query
    that has neither match nor blame (first_hit 0) is NaN."""
    splits, seeds = (sorted(set(numbers)) for numbers in zip(*runs, strict=True))
    values, queries = [], []
    for split in splits:
        tables = {seed: runs[split, seed] for seed in seeds if (split, seed) in runs}
        first = next(iter(tables.values()))
        for table in tables.values():
            same_queries(first.index.to_numpy(), table.index.to_numpy())
        absent = np.full(len(first), np.nan)
        values.append(
            np.stack(
                [_values(tables[seed], metric) if seed in tables else absent for seed in seeds]
            )
        )
        queries.append(
            pd.DataFrame({"split": split, "tracklet": first.index, "pid": first["pid"].to_numpy()})
        )
    about = pd.concat(queries)
    return Sample(
        values=np.concatenate(values, axis=1),
        splits=about["split"].to_numpy(),
        tracklets=about["tracklet"].to_numpy(),
        pids=about["pid"].to_numpy(),
    )


def _values(table: pd.DataFrame, metric: str) -> np.ndarray:
    if metric in RATES:
        return 100 * table[metric].to_numpy()
    if metric in ("mAP", "mINP"):
        return 100 * table["ap" if metric == "mAP" else "inp"].to_numpy()
    first_hit = table["first_hit"].to_numpy()
    found = 100.0 * (first_hit <= int(metric.removeprefix("rank")))
    return np.where(first_hit > 0, found, np.nan)


def described(title: str, runs: Iterable[Result]) -> str:
    """A data set's title in pictures, marked where the data did not pass verification."""
    return marked(title, any(run.metrics["verification"] == "warned" for run in runs))


def marked(title: str, warned: bool) -> str:
    """A data set's title, marked if its data did not pass verification."""
    return f"{title} (data differ from what is expected)" if warned else title


def _read_parquet(path: Path, verb: str, wanted: pa.Schema) -> pd.DataFrame:
    with reading(path, verb, wanted):
        return pd.read_parquet(path)
