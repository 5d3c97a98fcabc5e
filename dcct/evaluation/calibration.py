"""What a distance means: the false-match rate at which it would be a threshold, and how sure that
is for other people than those that were measured."""

from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import expit, logit
from scipy.stats import beta, t

from dcct.datasets.tracklet import DISTRACTOR
from dcct.evaluation.thresholds import MOST, Pairs

GRID = np.round(np.geomspace(1e-4, MOST, 28), 6)
"""False-match rates whose distances are kept."""
CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Point:
    """One distance."""

    allowed: float
    """Of the GRID: at most this share of false pairs is accepted."""
    distance: float
    """Pairs that are no further apart are taken for one person."""
    false_rate: float
    """Share of false pairs that are (FMR)."""
    low: float
    """Lower end of the interval in which it lies for as many other people, in 95 of 100 cases."""
    high: float
    """Its upper end."""
    true_rate: float
    """Share of true pairs that are (TMR), mean over queries."""


def said_of_distances(pairs: Pairs, query_pids: np.ndarray, gallery_pids: np.ndarray) -> dict:
    """What distances.json says of a feature set: points of the GRID, and how many pairs of each
    kind lie where."""
    return {
        "identities": numbered(query_pids, gallery_pids)[2],
        "true_pairs": len(pairs.true_query),
        "false_pairs": pairs.false_count,
        "points": [asdict(point) for point in calibrated(pairs, query_pids, gallery_pids)],
        "histograms": {kind: counts.tolist() for kind, counts in pairs.histograms.items()},
    }


def calibrated(pairs: Pairs, query_pids: np.ndarray, gallery_pids: np.ndarray) -> list[Point]:
    """Distances of the GRID, each once, nearest first."""
    query, gallery, count = numbered(query_pids, gallery_pids)
    distances = {pairs.threshold(rate): float(rate) for rate in GRID[::-1]}
    return [
        _point(pairs, allowed, distance, query, gallery, count)
        for distance, allowed in sorted(distances.items())
        if distance
    ]


def _point(
    pairs: Pairs,
    allowed: float,
    distance: float,
    query: np.ndarray,
    gallery: np.ndarray,
    count: int,
) -> Point:
    rate = pairs.false_rate(distance)
    variance = _variance(pairs, distance, query, gallery, count)
    low, high = interval_of(rate, variance, count)
    true = float(np.nanmean(pairs.true_rate(distance)))
    return Point(
        allowed=allowed, distance=distance, false_rate=rate, low=low, high=high, true_rate=true
    )


def numbered(
    query_pids: np.ndarray, gallery_pids: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int]:
    """Identities as numbers from 0, of queries (Q,) and gallery (G,), and how many there are; each
    distractor is somebody else."""
    known, place = np.unique(np.concatenate([query_pids, gallery_pids]), return_inverse=True)
    gallery = place[len(query_pids) :].copy()
    nobody = gallery_pids == DISTRACTOR
    gallery[nobody] = len(known) + np.arange(nobody.sum())
    return place[: len(query_pids)], gallery, len(known) + int(nobody.sum())


def _variance(
    pairs: Pairs, distance: float, query: np.ndarray, gallery: np.ndarray, count: int
) -> float:
    """Of the FMR at a distance, over identities: a pair has two of them, so each is left out once
    with all of its pairs, of either side (jackknife)."""
    accepted = int(np.searchsorted(pairs.false_distance, distance, "right"))
    near = np.bincount(query[pairs.false_query[:accepted]], minlength=count) + np.bincount(
        gallery[pairs.false_gallery[:accepted]], minlength=count
    )
    every = np.bincount(query, pairs.false_of_query, minlength=count) + np.bincount(
        gallery, pairs.false_of_gallery, minlength=count
    )
    without = (accepted - near) / (pairs.false_count - every)
    return (count - 1) / count * float(((without - without.mean()) ** 2).sum())


def interval_of(rate: float, variance: float, identities: int) -> tuple[float, float]:
    """Where a rate of as many other people lies, 95 %: both sets of people vary, so its variance is
    twice that of the measured rate. Symmetric in the logarithm of the odds, since rates are small.
    """
    if not 0 < rate < 1 or not variance:
        return 0.0, float(beta.ppf(CONFIDENCE, 1, identities))
    reach = t.ppf((1 + CONFIDENCE) / 2, identities - 1) * np.sqrt(2 * variance)
    at, width = logit(rate), reach / (rate * (1 - rate))
    return float(expit(at - width)), float(expit(at + width))
