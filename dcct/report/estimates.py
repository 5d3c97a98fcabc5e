"""From per-query values to a number and how sure one can be of it. Everything here is in percent."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dcct.errors import DataError
from dcct.metrics import identity_bootstrap, interval
from dcct.report.results import Result
from dcct.streams import Stream, generator


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean over seeds and queries, its 95 % interval over test identities, and the mean of each seed alone."""

    mean: float
    low: float
    high: float
    seeds: tuple[float, ...]

    @property
    def sd(self) -> float | None:
        """Standard deviation over seeds; None with a single one."""
        return float(np.std(self.seeds, ddof=1)) if len(self.seeds) > 1 else None


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Values (S,Q) of S seeds and Q queries, with the queries' tracklets and identities (Q,)."""

    values: np.ndarray
    tracklets: np.ndarray
    pids: np.ndarray

    def __sub__(self, other: "Sample") -> "Sample":
        """The paired difference, seed by seed and query by query. Raises DataError when the queries differ."""
        _same_queries(self.tracklets, other.tracklets)
        return Sample(values=self.values - other.values, tracklets=self.tracklets, pids=self.pids)

    def estimate(self, resamples: int) -> Estimate:
        """Values are averaged over seeds first; then identities are drawn with replacement."""
        query_means = self.values.mean(0)
        low, high = interval(identity_bootstrap(query_means, self.pids, resamples, generator(0, Stream.BOOTSTRAP)))
        return Estimate(mean=float(query_means.mean()), low=low, high=high, seeds=tuple(self.values.mean(1).tolist()))


def sample(runs: list[Result], metric: str, sampler: str, feature: str) -> Sample:
    """Per-query values of a metric (mAP, mINP or rankK) of one variant's runs, at one sampler and feature set."""
    tables = [run.ranked(sampler, feature) for run in runs]
    first = tables[0]
    for table in tables[1:]:
        _same_queries(first.index.to_numpy(), table.index.to_numpy())
    return Sample(
        values=np.stack([_values(table, metric) for table in tables]),
        tracklets=first.index.to_numpy(),
        pids=first["pid"].to_numpy(),
    )


def _values(table: pd.DataFrame, metric: str) -> np.ndarray:
    if metric in ("mAP", "mINP"):
        return 100 * table["ap" if metric == "mAP" else "inp"].to_numpy()
    return 100.0 * (table["first_hit"].to_numpy() <= int(metric.removeprefix("rank")))


def _same_queries(one: np.ndarray, other: np.ndarray) -> None:
    if not np.array_equal(one, other):
        raise DataError("two runs were judged on different queries: run `dcct rank` of both again")
