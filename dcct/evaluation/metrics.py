"""Retrieval metrics: CMC, mAP, mINP, what chance would give, and how sure one can be. Pure numpy.

Shapes: Q queries, G gallery tracklets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

RANKS = (1, 5, 10, 20)
FEW = 2048
"""Distances that are sorted rather than compared with every match."""
CHUNK = 32
"""Queries whose distances are copied at once: few enough to stay in a cache."""


@dataclass(frozen=True, kw_only=True)
class Retrieval:
    """Results per query; queries without any match are invalid and left out of every mean.

    ap, inp (Q,): average precision and inverse negative penalty, NaN where invalid. first_hit (Q,):
    1-based rank of the first match, 0 where invalid. matches, candidates (Q,): gallery tracklets
    that match, and that were ranked. ranks: of the CMC.
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
    many candidates come before it. Raises ValueError at NaN, an empty gallery, and lengths that do
    not fit.
    """
    distances = np.asarray(distances)
    query_pids, gallery_pids, query_camids, gallery_camids = map(
        np.asarray, (query_pids, gallery_pids, query_camids, gallery_camids)
    )
    if distances.shape != (len(query_pids), len(gallery_pids)):
        raise ValueError(
            f"distances: shape {distances.shape}, but {len(query_pids)} queries and"
            f" {len(gallery_pids)} in the gallery"
        )
    if distances.size and np.isnan(distances.min()):
        raise ValueError("distances hold NaN: features are not finite")
    gallery, parts = Gallery(gallery_pids, gallery_camids), []
    buffer = np.empty((CHUNK, len(gallery)), np.result_type(distances, np.float32))
    for first in range(0, max(len(query_pids), 1), CHUNK):
        rows = slice(first, first + CHUNK)
        own, kept = (
            gallery.of(query_pids[rows], query_camids[rows]),
            buffer[: len(query_pids[rows])],
        )
        kept[:] = distances[rows]
        kept[own.junk] = np.nan
        parts.append(gallery.judge(kept, own, ranks))
    return joined(parts)


@dataclass(frozen=True, kw_only=True)
class Own:
    """Where in (Q,G) each query's own identity is: other cameras' tracklets match, its own camera's
    are junk.

    matches, junk: (rows, columns), rows and, within a row, columns rising. match_count, junk_count
    (Q,).
    """

    matches: tuple[np.ndarray, np.ndarray]
    junk: tuple[np.ndarray, np.ndarray]
    match_count: np.ndarray
    junk_count: np.ndarray


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

    def of(self, pids: np.ndarray, camids: np.ndarray) -> Own:
        """Tracklets of the queries' identities (Q,); cameras (Q,)."""
        if len(pids) != len(camids):
            raise ValueError(f"queries: {len(pids)} identities, but {len(camids)} cameras")
        first, last = (np.searchsorted(self._sorted, pids, side) for side in ("left", "right"))
        counts = last - first
        query, column = (
            np.repeat(np.arange(len(pids)), counts),
            _runs(counts) + np.repeat(first, counts),
        )
        own = self._order[column]
        junk = self.camids[own] == camids[query]
        return Own(
            matches=(query[~junk], own[~junk]),
            junk=(query[junk], own[junk]),
            match_count=np.bincount(query[~junk], minlength=len(pids)),
            junk_count=np.bincount(query[junk], minlength=len(pids)),
        )

    def judge(self, distances: np.ndarray, own: Own, ranks: Sequence[int]) -> Retrieval:
        """Results of queries with these distances (Q,G), in which junk is at infinity, or NaN."""
        query, columns = own.matches
        ends, valid = np.cumsum(own.match_count), own.match_count > 0
        hits = np.empty(len(columns), np.int64)
        for row, first, last in zip(
            distances, (ends - own.match_count).tolist(), ends.tolist(), strict=True
        ):
            if first < last:
                hits[first:last] = _places(row, columns[first:last])
        hits = hits[np.lexsort((hits, query))]
        precision = (_runs(own.match_count) + 1) / hits
        ap, inp, first_hit = (
            np.full(len(ends), np.nan),
            np.full(len(ends), np.nan),
            np.zeros(len(ends), np.int64),
        )
        if len(hits):
            starts = (ends - own.match_count)[valid]
            ap[valid] = np.add.reduceat(precision, starts) / own.match_count[valid]
            inp[valid], first_hit[valid] = precision[ends[valid] - 1], hits[starts]
        candidates = len(self) - own.junk_count
        return Retrieval(
            ap=ap,
            inp=inp,
            first_hit=first_hit,
            matches=own.match_count,
            candidates=candidates,
            ranks=ranks,
        )


def joined(parts: Sequence[Retrieval]) -> Retrieval:
    """Results of queries that were judged in parts."""
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
        row["mINP"] = sum(m / r * comb(r - 1, m - 1) / comb(n, m) for r in range(m, n + 1))
        rows.append(row)
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def identity_bootstrap(
    values: np.ndarray, pids: np.ndarray, resamples: int, draw: np.random.Generator
) -> np.ndarray:
    """Means (resamples,) of per-query values (Q,) when identities, not queries, are drawn with
    replacement.

    Queries of one identity share its appearance, so resampling queries would make intervals too
    narrow.
    """
    identities, group = np.unique(pids, return_inverse=True)
    sums = np.bincount(group, weights=values)
    counts = np.bincount(group)
    weights = draw.multinomial(
        len(identities), np.full(len(identities), 1 / len(identities)), size=resamples
    )
    return (weights * sums).sum(1) / (weights * counts).sum(1)


def interval(means: np.ndarray) -> tuple[float, float]:
    """95 % percentile interval of bootstrap means."""
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
