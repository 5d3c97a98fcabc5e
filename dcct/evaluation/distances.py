"""Cosine distances between features, a chunk of queries at a time: the whole matrix is never
held."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from typing import Any

import numpy as np

Sets = Mapping[str, Any]
"""Feature set → features (N,C), numpy or torch."""
TINY = 1e-12
"""Length below which a feature counts as this long."""
ROWS = 1024
"""Features that are squared at once."""
BLOCK = 64
"""Distances of which one minimum is kept to bound the closest."""


class Cosine:
    """Distances of queries to a gallery in every feature set.

    sums: further sets that concatenate named ones: their inner products are the sums of theirs,
    computed once. Tensors are multiplied where they are. Raises ValueError at features that are not
    finite, or so short that they would count as longer.
    """

    def __init__(self, query: Sets, gallery: Sets, sums: Mapping[str, Sequence[str]]):
        self.query, self.gallery = query, gallery
        self.parts = {**sums, **{name: (name,) for name in query}}
        squares = [
            {name: _squares(name, side[name]) for name in query} for side in (query, gallery)
        ]
        lengths = [
            {name: sum(side[part] for part in parts) for name, parts in self.parts.items()}
            for side in squares
        ]
        self._inverse = [
            {
                name: (1 / np.maximum(np.sqrt(square), TINY)).astype(np.float32)
                for name, square in side.items()
            }
            for side in lengths
        ]

    def chunks(self, size: int) -> Iterator[tuple[slice, Iterator[tuple[str, np.ndarray]]]]:
        """Yield rows of queries, with feature set and keys, float32 (rows,G), of every set.

        A key is −cosine × the query's length: it orders the gallery as the distance does, with one
        pass over the products and without the rounding of 1 − cosine. The products of the next rows
        are computed meanwhile.
        """
        count = len(next(iter(self.query.values())))
        parts = [slice(first, min(first + size, count)) for first in range(0, count, size)]
        with ThreadPoolExecutor(1) as ahead:
            waiting = ahead.submit(self._products, slice(0, size))
            for rows, following in zip_longest(parts, parts[1:]):
                products = waiting.result()
                if following:
                    waiting = ahead.submit(self._products, following)
                yield rows, ((name, self._keys(name, products)) for name in self.parts)

    def distances(self, rows: slice, name: str, keys: np.ndarray) -> np.ndarray:
        """1 − cosine (rows,…) of keys."""
        return 1 + keys * self._inverse[0][name][rows, None]

    def _products(self, rows: slice) -> dict[str, np.ndarray]:
        return {
            name: _numpy(features[rows] @ self.gallery[name].T)
            for name, features in self.query.items()
        }

    def _keys(self, name: str, products: dict[str, np.ndarray]) -> np.ndarray:
        """Sums come first; after them nothing else needs the products of a named set, which may be
        written over."""
        first, *others = (products[part] for part in self.parts[name])
        total = first if name in products else first + (others.pop(0) if others else 0)
        for other in others:
            total += other
        return np.multiply(total, -self._inverse[1][name], out=total)


def float32(name: str, features: Any) -> Any:
    """Features (N,C) of any real numbers in float32, numpy or torch as they come. Raises ValueError
    at anything else."""
    if hasattr(features, "float") and hasattr(features, "device"):  # torch, not imported for this
        kind, real = features.dtype, not features.is_complex() and str(features.dtype)[6:] != "bool"
        found = features.float() if real else features
    else:
        features = np.asarray(features)
        kind, real = features.dtype, features.dtype.kind in "iuf"
        with np.errstate(over="ignore"):  # what becomes infinite is refused with the infinite
            found = features.astype(np.float32, copy=False) if real else features
    if not real or features.ndim != 2:
        raise ValueError(
            f"{name}: features of shape {tuple(features.shape)} and type {kind}: expected rows of"
            " real numbers"
        )
    return found


def nearest(distances: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices (Q,k) and distances of the k closest in (Q,G), closest first, ties to the lower
    index.

    Index −1, distance inf where fewer than k are finite. The k-th smallest of the minima of
    disjoint blocks is at least as far as the k-th closest: only what is within it is sorted. Where
    there are fewer blocks than that, each column is one.
    """
    queries, gallery = distances.shape
    blocks, bound = gallery // BLOCK, np.full(queries, np.inf, distances.dtype)
    minima = distances
    if blocks > k:
        minima = distances[:, : blocks * BLOCK].reshape(queries, BLOCK, blocks).min(1)
    if minima.shape[1] > k:
        bound = np.partition(minima, k - 1, axis=1)[:, k - 1]
    query, index = np.divmod(
        np.flatnonzero((distances <= bound[:, None]) & (distances < np.inf)), gallery
    )
    order = np.lexsort((distances[query, index], query))
    counts = np.bincount(query, minlength=queries)
    place = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    order, place = order[place < k], place[place < k]
    top, closest = np.full((queries, k), -1), np.full((queries, k), np.inf, np.float32)
    top[query[order], place], closest[query[order], place] = (
        index[order],
        distances[query, index][order],
    )
    return top, closest


def _squares(name: str, features: Any) -> np.ndarray:
    """Squared length of each feature, in float64."""
    starts = range(0, len(features), ROWS)
    parts = [_numpy((features[row : row + ROWS] ** 2).sum(1)) for row in starts]
    squares = np.concatenate(parts).astype(np.float64)
    if not np.isfinite(squares).all():
        raise ValueError(f"{name}: features are not finite, or too long for float32")
    short = np.flatnonzero(squares < TINY**2)
    if len(short) and _numpy(features[short]).any():
        raise ValueError(f"{name}: features are shorter than {TINY}: multiply them")
    return squares


def _numpy(x: Any) -> np.ndarray:
    return x if isinstance(x, np.ndarray) else x.cpu().numpy()
