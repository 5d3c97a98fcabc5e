"""Retrieval metrics: CMC, mAP, mINP, what chance would give, and how sure one can be. Pure numpy.

Shapes: Q queries, G gallery tracklets.
"""

from dataclasses import dataclass
from math import comb

import numpy as np

RANKS = (1, 5, 10, 20)


@dataclass(frozen=True, kw_only=True)
class Retrieval:
    """Results per query; queries without any match are invalid and left out of every mean.

    ap, inp (Q,): average precision and inverse negative penalty, NaN where invalid. first_hit (Q,): 1-based rank of the
    first match, 0 where invalid. matches, candidates (Q,): gallery tracklets that match, and that were ranked.
    """

    ap: np.ndarray
    inp: np.ndarray
    first_hit: np.ndarray
    matches: np.ndarray
    candidates: np.ndarray

    @property
    def valid(self) -> np.ndarray:
        return self.matches > 0

    def summary(self) -> dict[str, float]:
        """mAP, mINP and CMC at RANKS, each in 0..1."""
        valid = self.valid
        cmc = {f"rank{k}": float((self.first_hit[valid] <= k).mean()) for k in RANKS}
        return {"mAP": float(self.ap[valid].mean()), **cmc, "mINP": float(self.inp[valid].mean())}


def retrieval_metrics(
    distances: np.ndarray,
    query_pids: np.ndarray,
    gallery_pids: np.ndarray,
    query_camids: np.ndarray,
    gallery_camids: np.ndarray,
) -> Retrieval:
    """Rank the gallery for each query, closest first, ties to the lower gallery index.

    distances (Q,G). Per query, gallery tracklets with the same identity and camera are removed (MARS' official
    protocol). mINP: Ye et al., "Deep Learning for Person Re-identification", TPAMI 2021. Raises ValueError at NaN.
    """
    if np.isnan(distances).any():
        raise ValueError("distances hold NaN: features are not finite")
    queries = len(query_pids)
    ap, inp = np.full(queries, np.nan), np.full(queries, np.nan)
    first_hit, matches, candidates = (np.zeros(queries, np.int64) for _ in range(3))
    for query in range(queries):
        kept = (gallery_pids != query_pids[query]) | (gallery_camids != query_camids[query])
        order = np.argsort(distances[query, kept], kind="stable")
        hits = np.flatnonzero((gallery_pids[kept] == query_pids[query])[order]) + 1
        matches[query], candidates[query] = len(hits), len(order)
        if len(hits):
            ap[query] = (np.arange(1, len(hits) + 1) / hits).mean()
            inp[query], first_hit[query] = len(hits) / hits[-1], hits[0]
    return Retrieval(ap=ap, inp=inp, first_hit=first_hit, matches=matches, candidates=candidates)


def cosine_distances(query: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    """1 − cosine of features (Q,C) and (G,C) → (Q,G), computed in float64."""

    def unit(x):
        x = x.astype(np.float64)
        return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)

    return 1 - unit(query) @ unit(gallery).T


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
