"""Retrieval metrics: CMC, mAP, mINP, what chance would give, and how sure one can be. Pure numpy.

Shapes: Q queries, G gallery tracklets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

RANKS = (1, 5, 10, 20)


@dataclass(frozen=True, kw_only=True)
class Retrieval:
    """Results per query; queries without any match are invalid and left out of every mean.

    ap, inp (Q,): average precision and inverse negative penalty, NaN where invalid. first_hit (Q,): 1-based rank of the
    first match, 0 where invalid. matches, candidates (Q,): gallery tracklets that match, and that were ranked. ranks:
    of the CMC.
    """

    ap: np.ndarray
    inp: np.ndarray
    first_hit: np.ndarray
    matches: np.ndarray
    candidates: np.ndarray
    ranks: Sequence[int] = RANKS

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
        """Mean inverse negative penalty, 0..1 (Ye et al., "Deep Learning for Person Re-identification", TPAMI 2021)."""
        return _mean(self.inp[self.valid])

    @property
    def cmc(self) -> dict[int, float]:
        """Rank k → share of valid queries with a match among the first k."""
        return {k: _mean(self.first_hit[self.valid] <= k) for k in self.ranks}

    def summary(self) -> dict[str, float]:
        """mAP, rank-k and mINP, each in 0..1; NaN where no query is valid."""
        return {"mAP": self.mAP, **{f"rank{k}": share for k, share in self.cmc.items()}, "mINP": self.mINP}


def retrieval_metrics(
    distances: np.ndarray,
    query_pids: np.ndarray,
    gallery_pids: np.ndarray,
    query_camids: np.ndarray,
    gallery_camids: np.ndarray,
    *,
    ranks: Sequence[int] = RANKS,
) -> Retrieval:
    """Rank the gallery for each query, closest first, ties to the lower gallery index: exactly a stable sort's result.

    distances (Q,G), any real dtype. Per query, gallery tracklets with the same identity and camera are removed (MARS'
    official protocol). Nothing is sorted but the matches: a match's rank is how many candidates come before it.
    Raises ValueError at NaN, an empty gallery, and lengths that do not fit.
    """
    distances = np.asarray(distances)
    query_pids, gallery_pids, query_camids, gallery_camids = map(
        np.asarray, (query_pids, gallery_pids, query_camids, gallery_camids)
    )
    if distances.shape != (len(query_pids), len(gallery_pids)):
        raise ValueError(
            f"distances: shape {distances.shape}, but {len(query_pids)} queries and {len(gallery_pids)} in the gallery"
        )
    gallery = Gallery(gallery_pids, gallery_camids)
    return gallery.judge(distances, query_pids, query_camids, ranks)


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

    def of(self, pid: int, camid: int) -> tuple[np.ndarray, np.ndarray]:
        """Indices, rising, of a query's matches and of its junk: same identity in other cameras, and in its own."""
        first, last = np.searchsorted(self._sorted, [pid, pid + 1])
        own = self._order[first:last]
        same_camera = self.camids[own] == camid
        return own[~same_camera], own[same_camera]

    def judge(self, distances: np.ndarray, pids: np.ndarray, camids: np.ndarray, ranks: Sequence[int]) -> Retrieval:
        """Results of queries with these distances (Q,G), identities (Q,) and cameras (Q,)."""
        if len(pids) != len(camids):
            raise ValueError(f"queries: {len(pids)} identities, but {len(camids)} cameras")
        if np.isnan(distances).any():
            raise ValueError("distances hold NaN: features are not finite")
        queries = len(pids)
        ap, inp = np.full(queries, np.nan), np.full(queries, np.nan)
        first_hit, matches, candidates = (np.zeros(queries, np.int64) for _ in range(3))
        for query, (row, pid, camid) in enumerate(zip(distances, pids.tolist(), camids.tolist(), strict=True)):
            positives, junk = self.of(pid, camid)
            matches[query], candidates[query] = len(positives), len(self) - len(junk)
            if len(positives):
                hits = _places(row, positives, junk)
                ap[query] = (np.arange(1, len(hits) + 1) / hits).mean()
                inp[query], first_hit[query] = len(hits) / hits[-1], hits[0]
        return Retrieval(ap=ap, inp=inp, first_hit=first_hit, matches=matches, candidates=candidates, ranks=ranks)


def joined(parts: Sequence[Retrieval]) -> Retrieval:
    """Results of queries that were judged in parts."""
    names = ("ap", "inp", "first_hit", "matches", "candidates")
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return Retrieval(**columns, ranks=parts[0].ranks)


def _places(row: np.ndarray, positives: np.ndarray, junk: np.ndarray) -> np.ndarray:
    """1-based ranks, rising, of `positives` in a row of distances (G,) without `junk`; all indices rise."""
    before = []
    for index, distance in zip(positives.tolist(), row[positives], strict=True):
        closer, level = np.count_nonzero(row < distance), row[:index] == distance  # ties go to the lower index
        tied = np.count_nonzero(level)
        before.append(closer + tied - (np.count_nonzero(level[junk[junk < index]]) if tied else 0))
    closer_junk = (row[junk] < row[positives][:, None]).sum(1)
    return np.sort(np.array(before) - closer_junk + 1)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")


def chance(matches: np.ndarray, candidates: np.ndarray) -> dict[str, float]:
    """Exact expectation of the summary under a random ranking, from each query's matches m and candidates n.

    E[AP] = (H_n + (n − H_n)(m − 1)/(n − 1)) / n with the harmonic number H_n; CMC is hypergeometric; mINP follows from
    the distribution of the last match's rank, C(r − 1, m − 1) / C(n, m).
    """
    rows = []
    for m, n in zip(matches.tolist(), candidates.tolist(), strict=True):
        if not m:
            continue
        harmonic = float((1 / np.arange(1, n + 1)).sum())
        row = {"mAP": (harmonic + (n - harmonic) * (m - 1) / max(n - 1, 1)) / n}
        row |= {f"rank{k}": 1 - comb(n - m, k) / comb(n, k) if k <= n else 1.0 for k in RANKS}
        row["mINP"] = sum(m / r * comb(r - 1, m - 1) / comb(n, m) for r in range(m, n + 1))
        rows.append(row)
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def identity_bootstrap(values: np.ndarray, pids: np.ndarray, resamples: int, draw: np.random.Generator) -> np.ndarray:
    """Means (resamples,) of per-query values (Q,) when identities, not queries, are drawn with replacement.

    Queries of one identity share its appearance, so resampling queries would make intervals too narrow.
    """
    identities, group = np.unique(pids, return_inverse=True)
    sums = np.bincount(group, weights=values)
    counts = np.bincount(group)
    weights = draw.multinomial(len(identities), np.full(len(identities), 1 / len(identities)), size=resamples)
    return (weights * sums).sum(1) / (weights * counts).sum(1)


def interval(means: np.ndarray) -> tuple[float, float]:
    """95 % percentile interval of bootstrap means."""
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
