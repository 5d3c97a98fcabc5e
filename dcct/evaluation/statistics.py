"""From per-query values to a number and how sure one can be of it. Everything here is in
percent."""

from dataclasses import dataclass, replace

import numpy as np

from dcct.errors import DataError
from dcct.evaluation.metrics import identity_bootstrap, interval
from dcct.evaluation.spread import Spread, spread_of
from dcct.seeding import Stream, generator

FLIPS = 1
"""Key of the generator that flips signs, beside the one that draws identities."""
DRAWN = 9999
"""Flips that are drawn where there are too many identities to try them all."""
AT_ONCE = 512
"""Of them held at once; a multiple of 4, as numpy draws bytes, so that no draw depends on it."""
ALL_OF = 13
"""Identities up to which all flips are tried: no more than would be drawn."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean and how sure one can be of it."""

    mean: float
    """Over splits, seeds and queries."""
    low: float | None
    """Lower end of its 95 % interval over all that varies: test identities and trainings. None with
    a single training, of which nobody can say how another would have come out."""
    high: float | None
    """Upper end."""
    identities: tuple[float, float]
    """Ends of the 95 % interval over test identities alone."""
    parts: tuple[float, ...]
    """The mean of each split if there are several (the field reports mean ± standard deviation over
    ten), else of each seed."""
    spread: Spread | None
    """Of the mean, over all that varies; None with a single training."""

    @property
    def sd(self) -> float | None:
        """Standard deviation over the parts; None with a single one."""
        return float(np.std(self.parts, ddof=1)) if len(self.parts) > 1 else None

    @property
    def ends(self) -> tuple[float, float]:
        """Of the interval over all that varies where there is one, else over identities alone."""
        if self.low is None or self.high is None:
            return self.identities
        return self.low, self.high


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A metric of every query at every seed."""

    values: np.ndarray
    """(S,Q) of S seeds and Q queries, NaN where a split was not run with a seed."""
    splits: np.ndarray
    """Of each query (Q,)."""
    tracklets: np.ndarray
    """Of each query (Q,)."""
    pids: np.ndarray
    """Of each query (Q,)."""
    least: float = 0.0
    """Below it no value can lie, nor above 100."""

    def __sub__(self, other: "Sample") -> "Sample":
        """The paired difference, seed by seed and query by query. Raises DataError when the queries
        differ."""
        same_queries(self.splits, other.splits)
        same_queries(self.tracklets, other.tracklets)
        return replace(self, values=self.values - other.values, least=-100.0)

    def whole(self) -> "Sample":
        """With queries that take part in no mean (NaN at every seed) beside those that do, as a
        paired difference needs them: the mean is that of those that do, and so is its spread.

        They lie at the mean; what the others differ from it weighs as much more as these are fewer
        (the delta method for a mean over a part: of 10 and 20 among four, 5, 25, 15 and 15).
        """
        out = np.isnan(self.values).all(axis=0)
        if not out.any():
            return self
        mean = np.nanmean(self.values[:, ~out], axis=0).mean()
        values = mean + (self.values - mean) * (len(out) / np.count_nonzero(~out))
        values[:, out] = mean
        return replace(self, values=values)

    def estimate(self, resamples: int) -> Estimate:
        """The mean over everything, with both of its intervals. resamples: of the bootstrap over
        identities, all of whose queries are drawn together."""
        query_means = np.nanmean(self.values, axis=0)
        drawn = identity_bootstrap(
            query_means, self.pids, resamples, generator(0, Stream.BOOTSTRAP)
        )
        mean, spread = float(query_means.mean()), self.spread()
        low, high = None, None
        if spread:
            low, high = np.clip(spread.interval(mean), self.least, 100).tolist()
        return Estimate(
            mean=mean,
            low=low,
            high=high,
            identities=interval(drawn),
            parts=tuple(float(part) for part in self._parts(query_means)),
            spread=spread,
        )

    def spread(self) -> Spread | None:
        """How far the mean might be off; None with a single split and seed."""
        split = np.unique(self.splits, return_inverse=True)[1]
        if split.max(initial=0) > 0:
            return spread_of(np.nanmean(self.values, axis=0), split, self.pids, crossed=False)
        if len(self.values) < 2:
            return None
        trainings, queries = np.indices(self.values.shape)
        return spread_of(
            self.values.ravel(), trainings.ravel(), self.pids[queries.ravel()], crossed=True
        )

    def p_value(self) -> float | None:
        """Of a paired difference, over all that varies: how often it would be as large if A and B
        were equal. None with a single training."""
        spread = self.spread()
        return spread.p_value(float(np.nanmean(self.values, axis=0).mean())) if spread else None

    def p_over_identities(self) -> float:
        """The same over test identities alone, these trainings given (see `sign_flip_test`)."""
        return sign_flip_test(
            np.nanmean(self.values, axis=0), self.pids, generator(0, Stream.BOOTSTRAP, FLIPS)
        )

    def _parts(self, query_means: np.ndarray) -> list[float]:
        numbers = np.unique(self.splits)
        if len(numbers) > 1:
            return [query_means[self.splits == number].mean() for number in numbers]
        return list(self.values.mean(1))


def sign_flip_test(values: np.ndarray, pids: np.ndarray, draw: np.random.Generator) -> float:
    """Two-sided p-value of the mean of paired differences (Q,), under which each identity's sign is
    a coin's toss.

    All queries of an identity flip together: they are not independent. With few identities every
    flip is tried, and p is exact; with more they are drawn, and the flip that was observed counts
    as one of them, so that p is never 0.
    """
    _, group = np.unique(pids, return_inverse=True)
    sums = np.bincount(group, weights=values)
    observed = abs(sums.sum()) * (1 - 1e-9)  # sums in another order round otherwise
    count = len(sums)
    if count <= ALL_OF:
        signs = 1 - 2 * (np.arange(2**count)[:, None] >> np.arange(count) & 1)
        return float((np.abs(signs @ sums) >= observed).mean())
    as_large = 0
    for first in range(0, DRAWN, AT_ONCE):
        rows = min(AT_ONCE, DRAWN - first)
        signs = draw.integers(2, size=(rows, count), dtype=np.int8) * 2 - 1
        as_large += int(np.count_nonzero(np.abs(signs @ sums) >= observed))
    return float((1 + as_large) / (1 + DRAWN))


def same_queries(one: np.ndarray, other: np.ndarray) -> None:
    if not np.array_equal(one, other):
        raise DataError(
            "two runs were evaluated on different queries: compare runs that were tested on the"
            " same data"
        )
