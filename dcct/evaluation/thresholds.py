"""At which distance two tracklets count as one person, and what that costs: true- and false-match
rates, and open-set identification.

A pair is a query and a tracklet of the gallery that is ranked for it. A distance t accepts the
pairs that are no further apart than t: of true pairs a share that is wanted (TMR), of false ones
a share that is not (FMR). An open-set search answers with the nearest tracklet if that is within
t: rightly for a query that is in the gallery (DIR), wrongly for one that is not (FPIR). Here each
query is asked twice, with its identity in the gallery and without it.

Of false pairs only the closest are kept, so thresholds are exact and the memory is bounded.
"""

from dataclasses import dataclass

import numpy as np

from dcct.config.metric import RATES
from dcct.evaluation.metrics import Relevance

MOST = 0.05
"""Share of false pairs that is kept: no threshold accepts more."""
BINS = 200
"""Of the histograms of distances, from 0 to 2."""


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Distances of all pairs of one feature set. Q queries, G tracklets in the gallery."""

    queries: int
    """Q."""
    true_query: np.ndarray
    """The query of each true pair, rising."""
    true_distance: np.ndarray
    """Theirs."""
    false_query: np.ndarray
    """The query of each of the closest false pairs, nearest first."""
    false_gallery: np.ndarray
    """Their tracklets of the gallery."""
    false_distance: np.ndarray
    """Theirs."""
    false_of_query: np.ndarray
    """How many false pairs each query has (Q,)."""
    false_of_gallery: np.ndarray
    """How many false pairs each tracklet of the gallery has (G,)."""
    nearest_false: np.ndarray
    """Distance of each query's closest false pair (Q,), inf where there is none."""
    histograms: dict[str, np.ndarray]
    """`true`, `false` → pairs in each bin of distance (BINS,)."""

    @property
    def false_count(self) -> int:
        return int(self.false_of_query.sum())

    @property
    def nearest_true(self) -> np.ndarray:
        """Distance of each query's closest true pair (Q,), inf where there is none."""
        found = np.full(self.queries, np.inf, np.float32)
        np.minimum.at(found, self.true_query, self.true_distance)
        return found

    def threshold(self, rate: float) -> float:
        """The largest distance seen that accepts no more than this share of false pairs (FMR, at
        most MOST); below all of them, 0, where even the closest one is too many."""
        return _largest(self.false_distance, int(rate * self.false_count))

    def false_rate(self, distance: float) -> float:
        """FMR at a distance; NaN beyond those that are kept."""
        accepted = int(np.searchsorted(self.false_distance, distance, "right"))
        kept = accepted < len(self.false_distance) or accepted == self.false_count
        return accepted / self.false_count if kept and self.false_count else float("nan")

    def true_rate(self, distance: float) -> np.ndarray:
        """Share of each query's true pairs within a distance (Q,); NaN where it has none."""
        near = self.true_distance <= distance
        accepted = np.bincount(self.true_query, near, minlength=self.queries)
        with np.errstate(invalid="ignore"):
            return accepted / np.bincount(self.true_query, minlength=self.queries)

    def open_threshold(self, rate: float) -> float:
        """The largest distance at which no more than this share of queries that are not in the
        gallery is answered (FPIR)."""
        return _largest(np.sort(self.nearest_false), int(rate * self.queries))

    def identified(self, distance: float, first_hit: np.ndarray) -> np.ndarray:
        """Whether each query is answered, and rightly (Q,): DIR is the mean."""
        return (first_hit == 1) & (self.nearest_true <= distance)


def rates_of(pairs: Pairs, first_hit: np.ndarray) -> dict[str, np.ndarray]:
    """Each of RATES, as a share of every query's true pairs, or 0 and 1 (Q,); NaN for a query that
    has none. first_hit: rank of each query's first match (Q,), 0 where there is none."""
    found = {}
    for name, rate in RATES.items():
        if rate.search:
            right = pairs.identified(pairs.open_threshold(rate.wrong), first_hit)
        else:
            right = pairs.true_rate(pairs.threshold(rate.wrong))
        found[name] = np.where(first_hit > 0, right, np.nan)
    return found


class PairWatch:
    """Collects the pairs of every feature set while queries are ranked, a chunk at a time."""

    def __init__(self, queries: int, gallery: int):
        self._queries, self._gallery = queries, gallery
        self._most = _kept(queries * gallery)
        self._closest: dict[str, _Closest] = {}
        self._seen: dict[str, list[_Seen]] = {}

    def __call__(self, name: str, rows: slice, distances: np.ndarray, found: Relevance) -> None:
        """distances (rows,G), in which what is left out is inf, as that of true pairs is after this
        call."""
        query, gallery = found.matches
        true = distances[query, gallery]
        distances[query, gallery] = np.inf
        left_out = np.bincount(np.concatenate([gallery, found.junk[1]]), minlength=self._gallery)
        self._seen.setdefault(name, []).append(
            _Seen(
                true_query=query + rows.start,
                true_distance=true,
                nearest_false=distances.min(1),
                of_query=self._gallery - found.match_count - found.junk_count,
                of_gallery=len(distances) - left_out,
                true=_histogram(true),
                false=_histogram(distances),
            )
        )
        self._closest.setdefault(name, _Closest(self._most)).add(rows.start, distances)

    def pairs(self, name: str) -> Pairs:
        """All pairs of a feature set, when every query was ranked."""
        seen = self._seen[name]
        parts = {key: [getattr(one, key) for one in seen] for key in vars(seen[0])}
        of_query = np.concatenate(parts["of_query"])
        query, gallery, distance = self._closest[name].sorted(_kept(of_query.sum()))
        return Pairs(
            queries=self._queries,
            true_query=np.concatenate(parts["true_query"]),
            true_distance=np.concatenate(parts["true_distance"]),
            false_query=query,
            false_gallery=gallery,
            false_distance=distance,
            false_of_query=of_query,
            false_of_gallery=np.sum(parts["of_gallery"], axis=0),
            nearest_false=np.concatenate(parts["nearest_false"]),
            histograms={kind: np.sum(parts[kind], axis=0) for kind in ("true", "false")},
        )


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """Of a chunk of queries: see Pairs."""

    true_query: np.ndarray
    true_distance: np.ndarray
    nearest_false: np.ndarray
    of_query: np.ndarray
    of_gallery: np.ndarray
    true: np.ndarray
    false: np.ndarray


class _Closest:
    """The closest of all false pairs that were added, at least `most` of them."""

    def __init__(self, most: int):
        self._most, self._bound = most, np.inf
        self._found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def add(self, first: int, distances: np.ndarray) -> None:
        """distances (rows,G) of queries from `first` on; what is inf is no pair."""
        self._lower(distances.ravel())
        query, gallery = np.nonzero((distances <= self._bound) & (distances < np.inf))
        self._found.append((query + first, gallery, distances[query, gallery]))
        kept = self._columns()
        if len(kept[2]) > 2 * self._most:
            self._lower(kept[2])
            near = kept[2] <= self._bound
            self._found = [(kept[0][near], kept[1][near], kept[2][near])]

    def sorted(self, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Query, tracklet and distance of the `count` closest, nearest first, in the order of
        queries where they are equal."""
        query, gallery, distance = self._columns()
        order = np.argsort(distance, kind="stable")[:count]
        return query[order], gallery[order], distance[order]

    def _columns(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        query, gallery, distance = zip(*self._found, strict=True)
        return np.concatenate(query), np.concatenate(gallery), np.concatenate(distance)

    def _lower(self, distances: np.ndarray) -> None:
        """Nothing beyond the last of these that could be kept is looked at again."""
        if len(distances) > self._most:
            self._bound = min(self._bound, float(np.partition(distances, self._most)[self._most]))


def _kept(pairs: int) -> int:
    """One more than a threshold may accept: what the next one is worth must be known."""
    return int(MOST * pairs) + 1


def _histogram(distances: np.ndarray) -> np.ndarray:
    place = np.minimum(np.maximum(distances, 0) * (BINS / 2), BINS).astype(np.int64)
    return np.bincount(place.ravel(), minlength=BINS + 1)[:BINS]


def _largest(distances: np.ndarray, accepted: int) -> float:
    """The largest of rising distances that is within no more than `accepted` of them; 0 where none
    is."""
    if accepted >= len(distances):
        return float(distances[-1]) if len(distances) else 0.0
    within = int(np.searchsorted(distances, distances[accepted], "left"))
    return float(distances[within - 1]) if within else 0.0
