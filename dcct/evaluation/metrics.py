"""Retrieval metrics: CMC, mAP, mINP, what chance would give, and how sure one can be. Pure numpy.

Shapes: Q queries, G gallery tracklets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

from dcct.config.metric import METRICS
from dcct.evaluation.labels import EXACT, paired

RANKS = tuple(int(name[4:]) for name in METRICS if name.startswith("rank"))
"""Of the CMC: those that tables can show."""
FEW = 2048
"""Distances that are sorted rather than compared with every match."""
CHUNK = 32
"""Queries whose distances are copied at once: few enough to stay in a cache."""
DRAWN_AT_ONCE = 1 << 20
"""Weights of identities that a bootstrap holds at once."""


@dataclass(frozen=True, kw_only=True)
class Retrieval:
    """Results per query; queries without any match are invalid and left out of every mean."""

    ap: np.ndarray
    """Average precision (Q,), NaN where invalid."""
    inp: np.ndarray
    """Inverse negative penalty (Q,), NaN where invalid."""
    first_hit: np.ndarray
    """1-based rank of the first match (Q,), 0 where invalid."""
    matches: np.ndarray
    """Gallery tracklets that match (Q,)."""
    candidates: np.ndarray
    """Gallery tracklets that were ranked (Q,)."""
    ranks: Sequence[int] = RANKS
    """Of the CMC."""

    @property
    def valid(self) -> np.ndarray:
        """Mask (Q,) of queries that have a match."""
        return self.matches > 0

    @property
    def mAP(self) -> float:  # noqa: N802 - its name
        """Mean average precision, 0..1."""
        return _mean(self.ap[self.valid])

    @property
    def mINP(self) -> float:  # noqa: N802 - its name
        """Mean inverse negative penalty, 0..1 (Ye et al., "Deep Learning for Person
        Re-identification", TPAMI 2021)."""
        return _mean(self.inp[self.valid])

    @property
    def cmc(self) -> dict[int, float]:
        """Rank k → share of valid queries with a match among the first k."""
        return {k: _mean(self.first_hit[self.valid] <= k) for k in self.ranks}

    def summary(self) -> dict[str, float]:
        """mAP, rank-k and mINP, each in 0..1; NaN where no query is valid."""
        return {
            "mAP": self.mAP,
            **{f"rank{k}": share for k, share in self.cmc.items()},
            "mINP": self.mINP,
        }


def retrieval_metrics(
    distances: np.ndarray,
    query_pids: np.ndarray,
    gallery_pids: np.ndarray,
    query_camids: np.ndarray,
    gallery_camids: np.ndarray,
    *,
    ranks: Sequence[int] = RANKS,
) -> Retrieval:
    """Rank the gallery for each query, closest first, ties to the lower gallery index: exactly a
    stable sort's result.

    distances (Q,G), any real dtype. Per query, gallery tracklets with the same identity and camera
    are removed (MARS' official protocol). Nothing is sorted but the matches: a match's rank is how
    many candidates come before it. Raises ValueError at NaN, an empty gallery, labels that are
    missing, and lengths that do not fit.
    """
    distances = np.asarray(distances)
    if distances.dtype.kind not in "iuf":
        raise ValueError(f"distances: {distances.dtype}, expected real numbers")
    query_pids, gallery_pids = paired("pids", query_pids, gallery_pids)
    query_camids, gallery_camids = paired("camids", query_camids, gallery_camids)
    if distances.shape != (len(query_pids), len(gallery_pids)):
        raise ValueError(
            f"distances: shape {distances.shape}, but {len(query_pids)} queries and"
            f" {len(gallery_pids)} in the gallery"
        )
    if distances.size and np.isnan(distances.min()):
        raise ValueError("distances hold NaN: features are not finite")
    if (
        distances.size
        and distances.dtype.kind in "iu"
        and (distances.max() > EXACT or distances.min() < -EXACT)
    ):
        raise ValueError("distances hold whole numbers that float64 cannot tell apart")
    gallery, parts = Gallery(gallery_pids, gallery_camids), []
    buffer = np.empty((CHUNK, len(gallery)), np.result_type(distances, np.float32))
    for first in range(0, max(len(query_pids), 1), CHUNK):
        rows = slice(first, first + CHUNK)
        relevance = gallery.of(query_pids[rows], query_camids[rows])
        kept = buffer[: len(query_pids[rows])]
        kept[:] = distances[rows]
        kept[relevance.junk] = np.nan
        parts.append(gallery.evaluate(kept, relevance, ranks))
    return joined(parts)


@dataclass(frozen=True, kw_only=True)
class Relevance:
    """Where in (Q,G) the gallery shows each query's identity; places are (rows, columns), rows and,
    within a row, columns rising."""

    matches: tuple[np.ndarray, np.ndarray]
    """Places of tracklets of other cameras than the query's."""
    junk: tuple[np.ndarray, np.ndarray]
    """Places of tracklets of the query's camera, which are left out."""
    match_count: np.ndarray
    """Matches of each query (Q,)."""
    junk_count: np.ndarray
    """Junk of each query (Q,)."""


class Gallery:
    """What queries are ranked against. Raises ValueError when it is empty or its lengths differ."""

    def __init__(self, pids: np.ndarray, camids: np.ndarray):
        if not len(pids):
            raise ValueError("the gallery is empty")
        if len(pids) != len(camids):
            raise ValueError(f"gallery: {len(pids)} identities, but {len(camids)} cameras")
        self.camids, self._order = camids, np.argsort(pids, kind="stable")
        self._sorted = pids[self._order]

    def __len__(self) -> int:
        return len(self.camids)

    def of(self, pids: np.ndarray, camids: np.ndarray) -> Relevance:
        """Tracklets of the queries' identities (Q,); cameras (Q,)."""
        if len(pids) != len(camids):
            raise ValueError(f"queries: {len(pids)} identities, but {len(camids)} cameras")
        first, last = (np.searchsorted(self._sorted, pids, side) for side in ("left", "right"))
        counts = last - first
        query, column = (
            np.repeat(np.arange(len(pids)), counts),
            _runs(counts) + np.repeat(first, counts),
        )
        shown = self._order[column]
        junk = self.camids[shown] == camids[query]
        return Relevance(
            matches=(query[~junk], shown[~junk]),
            junk=(query[junk], shown[junk]),
            match_count=np.bincount(query[~junk], minlength=len(pids)),
            junk_count=np.bincount(query[junk], minlength=len(pids)),
        )

    def evaluate(
        self, distances: np.ndarray, relevance: Relevance, ranks: Sequence[int]
    ) -> Retrieval:
        """Results of queries with these distances (Q,G), in which junk is at infinity, or NaN."""
        query, columns = relevance.matches
        ends, valid = np.cumsum(relevance.match_count), relevance.match_count > 0
        hits = np.empty(len(columns), np.int64)
        for row, first, last in zip(
            distances, (ends - relevance.match_count).tolist(), ends.tolist(), strict=True
        ):
            if first < last:
                hits[first:last] = _places(row, columns[first:last])
        hits = hits[np.lexsort((hits, query))]
        precision = (_runs(relevance.match_count) + 1) / hits
        ap, inp, first_hit = (
            np.full(len(ends), np.nan),
            np.full(len(ends), np.nan),
            np.zeros(len(ends), np.int64),
        )
        if len(hits):
            starts = (ends - relevance.match_count)[valid]
            ap[valid] = np.add.reduceat(precision, starts) / relevance.match_count[valid]
            inp[valid], first_hit[valid] = precision[ends[valid] - 1], hits[starts]
        candidates = len(self) - relevance.junk_count
        return Retrieval(
            ap=ap,
            inp=inp,
            first_hit=first_hit,
            matches=relevance.match_count,
            candidates=candidates,
            ranks=ranks,
        )


def joined(parts: Sequence[Retrieval]) -> Retrieval:
    """Results of queries that were evaluated in parts."""
    names = ("ap", "inp", "first_hit", "matches", "candidates")
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return Retrieval(**columns, ranks=parts[0].ranks)


def _places(row: np.ndarray, positives: np.ndarray) -> np.ndarray:
    """1-based ranks of `positives`, whose indices rise, in a row of distances (G,)."""
    at = row[positives]
    near = row[row <= at.max()]  # the others stand before no match
    if len(near) <= FEW:
        near.sort()
        before = np.searchsorted(near, at)
        tied = np.searchsorted(near, at, "right").sum() > before.sum() + len(at)
    else:
        before = np.array([np.count_nonzero(closer) for closer in near < at[:, None]])
        tied = np.count_nonzero(near == at[:, None]) > len(at)
    if tied:
        before += [np.count_nonzero(row[:index] == row[index]) for index in positives.tolist()]
    return before + 1


def _runs(counts: np.ndarray) -> np.ndarray:
    """0, 1, … up to each count, one run after the other."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")


def chance(matches: np.ndarray, candidates: np.ndarray) -> dict[str, float]:
    """Exact expectation of the summary under a random ranking, from each query's matches m and
    candidates n.

    E[AP] = (H_n + (n − H_n)(m − 1)/(n − 1)) / n with the harmonic number H_n; CMC is
    hypergeometric; mINP follows from the distribution of the last match's rank, C(r − 1, m − 1) /
    C(n, m).
    """
    rows = []
    for m, n in zip(matches.tolist(), candidates.tolist(), strict=True):
        if not m:
            continue
        harmonic = float((1 / np.arange(1, n + 1)).sum())
        row = {"mAP": (harmonic + (n - harmonic) * (m - 1) / max(n - 1, 1)) / n}
        row |= {f"rank{k}": 1 - comb(n - m, k) / comb(n, k) if k <= n else 1.0 for k in RANKS}
        row["mINP"] = _chance_inp(m, n)
        rows.append(row)
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def _chance_inp(m: int, n: int) -> float:
    """Sum over the last match's rank r of m/r × C(r − 1, m − 1) / C(n, m)."""
    try:
        return sum(m / r * comb(r - 1, m - 1) / comb(n, m) for r in range(m, n + 1))
    except OverflowError:  # beyond floats: each share from that of the next rank
        r = np.arange(n, m, -1)
        shares = m / n * np.cumprod([1, *((r - m) / (r - 1))])
        return float((m / np.append(r, m) * shares).sum())


def identity_bootstrap(
    values: np.ndarray, pids: np.ndarray, resamples: int, draw: np.random.Generator
) -> np.ndarray:
    """Means (resamples,) of per-query values (Q,) when identities, not queries, are drawn with
    replacement.

    Queries of one identity share its appearance, so resampling queries would make intervals too
    narrow. They are drawn a few resamples at a time: memory does not grow with both.
    """
    identities, group = np.unique(pids, return_inverse=True)
    sums = np.bincount(group, weights=values)
    counts = np.bincount(group)
    shares = np.full(len(identities), 1 / len(identities))
    rows, means = max(1, DRAWN_AT_ONCE // len(identities)), np.empty(resamples)
    for first in range(0, resamples, rows):
        part = means[first : first + rows]
        weights = draw.multinomial(len(identities), shares, size=len(part))
        part[:] = (weights * sums).sum(1) / (weights * counts).sum(1)
    return means


def interval(means: np.ndarray) -> tuple[float, float]:
    """95 % percentile interval of bootstrap means."""
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
