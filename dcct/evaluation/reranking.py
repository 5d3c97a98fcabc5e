"""k-reciprocal re-ranking (Zhong et al., "Re-ranking Person Re-identification with k-reciprocal
Encoding", CVPR 2017).

Two tracklets are near when their neighbourhoods overlap: each is encoded by the Gaussian weights of
those that it is a mutual neighbour of, and the Jaccard distance of the encodings is mixed with the
original distance. Encodings are sparse and distances are computed in chunks, so that memory grows
with tracklets, not with their square.

N: queries and gallery together, in this order.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy import sparse

from dcct.config.profile import Reranking
from dcct.evaluation.distances import Cosine, Sets, nearest

AGREED = 2 / 3
"""Share of a candidate's mutual neighbours that must be shared for all of them to be taken
in."""


class Reciprocal:
    """Re-ranked distances of queries to a gallery in every feature set, in place of `Cosine`.

    As the method's published program does, the original distance is the squared Euclidean one
    between unit features, divided by the tracklet's largest: the cosine distance divided by its
    largest is the same.
    """

    def __init__(
        self,
        query: Sets,
        gallery: Sets,
        sums: Mapping[str, Sequence[str]],
        settings: Reranking,
        chunk_bytes: int,
    ):
        self._settings = settings
        self._original = Cosine(query, gallery, sums)
        everything = {name: _joined(query[name], gallery[name]) for name in query}
        joint = Cosine(everything, everything, sums)
        count = len(next(iter(everything.values())))
        rows = max(1, chunk_bytes // (4 * count))
        self._queries = count - len(next(iter(gallery.values())))
        neighbours, self._furthest = _neighbours(joint, count, settings.k1 + 1, rows)
        members = {name: _expanded(ranked, settings.k1) for name, ranked in neighbours.items()}
        self._encodings = {}
        for name, weights in _weights(joint, members, self._furthest, rows).items():
            averaged = weights
            if settings.k2 > 1:
                near = neighbours[name][:, : settings.k2]
                averaged = _incidence(near) @ weights / near.shape[1]
            self._encodings[name] = (
                averaged[: self._queries].tocsr(),
                averaged[self._queries :].tocsc(),
            )

    def chunks(self, size: int) -> Iterator[tuple[slice, Iterator[tuple[str, np.ndarray]]]]:
        """Yield rows of queries, with feature set and distances, float32 (rows,G), of every set."""
        for rows, sets in self._original.chunks(size):
            yield rows, ((name, self._mixed(rows, name, keys)) for name, keys in sets)

    def distances(self, rows: slice, name: str, keys: np.ndarray) -> np.ndarray:
        """What `chunks` yields are distances."""
        return keys

    def _mixed(self, rows: slice, name: str, keys: np.ndarray) -> np.ndarray:
        mixed = (
            self._settings.weight
            * self._original.distances(rows, name, keys)
            / self._furthest[name][rows, None]
        )
        query, gallery = self._encodings[name]
        for place, row in enumerate(range(rows.start, rows.stop)):
            members = slice(*query.indptr[row : row + 2])
            jaccard = _jaccard(query.indices[members], query.data[members], gallery)
            mixed[place] += (1 - self._settings.weight) * jaccard
        return mixed


def _neighbours(
    joint: Cosine, count: int, k: int, rows: int
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """For every feature set the k nearest of each tracklet (N,k), itself among them, and its
    largest distance (N,)."""
    near = {name: np.empty((count, min(k, count)), np.int64) for name in joint.parts}
    furthest = {name: np.empty(count, np.float32) for name in joint.parts}
    for chosen, sets in joint.chunks(rows):
        for name, keys in sets:
            near[name][chosen] = nearest(keys, min(k, count))[0]
            furthest[name][chosen] = joint.distances(chosen, name, keys.max(1, keepdims=True))[:, 0]
    return near, furthest


def _expanded(ranked: np.ndarray, k1: int) -> sparse.csr_array:
    """Each tracklet's mutual neighbours, and those of theirs at half of k1 that mostly agree
    (equations 3 to 5)."""
    mutual, closer = _mutual(ranked), _mutual(ranked[:, : round(k1 / 2) + 1])
    shared = (mutual @ closer.T).multiply(mutual).tocoo()
    agreed = shared.data > AGREED * closer.sum(1)[shared.col]
    candidates = sparse.csr_array(
        (shared.data[agreed], (shared.row[agreed], shared.col[agreed])), shape=mutual.shape
    )
    found = (mutual + candidates @ closer).tocsr()
    found.sort_indices()
    return found


def _mutual(ranked: np.ndarray) -> sparse.csr_array:
    forward = _incidence(ranked)
    return forward.multiply(forward.T).tocsr()


def _incidence(ranked: np.ndarray) -> sparse.csr_array:
    """Ones (N,N) where a tracklet is among another's ranked (N,k)."""
    count, k = ranked.shape
    return sparse.csr_array(
        (np.ones(ranked.size, np.float32), ranked.ravel(), k * np.arange(count + 1)),
        shape=(count, count),
    )


def _weights(
    joint: Cosine, members: dict[str, sparse.csr_array], furthest: dict[str, np.ndarray], rows: int
) -> dict[str, sparse.csr_array]:
    """Gaussian weights of each tracklet's members, which sum to 1 (equation 7)."""
    for chosen, sets in joint.chunks(rows):
        for name, keys in sets:
            found = members[name]
            first, last = found.indptr[chosen.start], found.indptr[chosen.stop]
            counts = np.diff(found.indptr[chosen.start : chosen.stop + 1])
            distances = joint.distances(chosen, name, keys) / furthest[name][chosen, None]
            picked = distances[np.repeat(np.arange(len(counts)), counts), found.indices[first:last]]
            found.data[first:last] = np.exp(-picked)
    for found in members.values():
        found.data /= np.repeat(found.sum(1), np.diff(found.indptr))
    return members


def _jaccard(members: np.ndarray, weights: np.ndarray, gallery: sparse.csc_array) -> np.ndarray:
    """1 − Σ min / Σ max of one encoding and each of the gallery's (G,N); all sum to 1 (equation
    10)."""
    starts, counts = gallery.indptr[members], np.diff(gallery.indptr)[members]
    places = np.arange(counts.sum()) + np.repeat(starts - np.cumsum(counts) + counts, counts)
    smaller = np.minimum(gallery.data[places], np.repeat(weights, counts))
    shared = np.bincount(gallery.indices[places], smaller, gallery.shape[0])
    return 1 - shared / (2 - shared)


def _joined(query, gallery):
    if isinstance(query, np.ndarray):
        return np.concatenate([query, gallery])
    import torch

    return torch.cat([query, gallery])
