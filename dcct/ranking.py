"""From features to rankings: inner products in chunks of queries, shared by all feature sets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dcct.metrics import RANKS, Gallery, Retrieval, joined

CHUNK_BYTES = 64 << 20
"""Size of the distances that are held at once, of each feature set."""
ROWS = 1024
"""Features that are squared at once."""
TINY = 1e-12
"""Length below which a feature counts as this long."""


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """A feature set's results, and what is closest to each query: `top` (Q,k) gallery indices with their `distances`
    (Q,k), junk left out (index −1, distance inf where fewer than k are left)."""

    retrieval: Retrieval
    top: np.ndarray
    distances: np.ndarray


def rank_features(
    query: Mapping[str, Any],
    gallery: Mapping[str, Any],
    query_pids: np.ndarray,
    gallery_pids: np.ndarray,
    query_camids: np.ndarray,
    gallery_camids: np.ndarray,
    *,
    sums: Mapping[str, Sequence[str]] | None = None,
    ranks: Sequence[int] = RANKS,
    shown: int = 10,
    chunk: int | None = None,
) -> dict[str, Ranked]:
    """Rank the gallery for each query by cosine distance in every feature set, as `retrieval_metrics` does.

    query, gallery: feature set → array (Q,C) and (G,C), numpy or torch, the latter on any device, where the inner
    products are then computed. sums: further feature sets that concatenate named ones, whose inner products are the
    sums of theirs: {"all": ("base", "spatial", "temporal")}. chunk: queries at once; as many as CHUNK_BYTES hold. All
    in float32; ties go to the lower gallery index. Raises ValueError at features that are not finite, and at lengths
    that do not fit.
    """
    sums, known = sums or {}, Gallery(np.asarray(gallery_pids), np.asarray(gallery_camids))
    query_pids, query_camids = np.asarray(query_pids), np.asarray(query_camids)
    for name, features in query.items():
        if len(features) != len(query_pids) or len(gallery[name]) != len(known):
            raise ValueError(
                f"{name}: {len(features)} and {len(gallery[name])} features, but {len(query_pids)} queries and "
                f"{len(known)} in the gallery"
            )
    chunk = chunk or max(1, CHUNK_BYTES // (4 * len(known)))
    parts: dict[str, list[Ranked]] = {name: [] for name in [*query, *sums]}
    for rows, name, distances in _distances(query, gallery, sums, len(query_pids), chunk):
        pids, camids = query_pids[rows], query_camids[rows]
        retrieval = known.judge(distances, pids, camids, ranks)
        top, closest = _closest(distances, known, pids, camids, shown)
        parts[name].append(Ranked(retrieval=retrieval, top=top, distances=closest))
    return {
        name: Ranked(
            retrieval=joined([part.retrieval for part in found]),
            top=np.concatenate([part.top for part in found]),
            distances=np.concatenate([part.distances for part in found]),
        )
        for name, found in parts.items()
    }


def _distances(
    query: Mapping[str, Any], gallery: Mapping[str, Any], sums: Mapping[str, Sequence[str]], queries: int, chunk: int
) -> Iterator[tuple[slice, str, np.ndarray]]:
    """Yield 1 − cosine of some queries to the whole gallery: rows, feature set, float32 array (rows,G)."""
    squares = {name: (_squares(name, query[name]), _squares(name, gallery[name])) for name in query}
    for name, names in sums.items():
        squares[name] = tuple(sum(squares[part][side] for part in names) for side in (0, 1))
    inverse = {name: [1 / np.maximum(np.sqrt(side), TINY) for side in sides] for name, sides in squares.items()}
    for first in range(0, queries, chunk):
        rows = slice(first, min(first + chunk, queries))
        products = {name: _numpy(query[name][rows] @ gallery[name].T) for name in query}
        for name in inverse:
            parts = [products[part] for part in sums.get(name, [name])]
            of_query, of_gallery = (side.astype(np.float32) for side in inverse[name])
            total = parts[0].copy() if len(parts) == 1 else parts[0] + parts[1]
            for part in parts[2:]:
                total += part
            total *= of_query[rows, None]
            total *= of_gallery
            yield rows, name, np.subtract(1, total, out=total)


def _squares(name: str, features: Any) -> np.ndarray:
    """Squared length of each feature, in float64."""
    starts = range(0, len(features), ROWS)
    squares = [_numpy((features[row : row + ROWS] ** 2).sum(1)) for row in starts]
    squares = np.concatenate(squares).astype(np.float64)
    if not np.isfinite(squares).all():
        raise ValueError(f"{name}: features are not finite")
    return squares


def _numpy(x: Any) -> np.ndarray:
    return x if isinstance(x, np.ndarray) else x.cpu().numpy()


def _closest(
    distances: np.ndarray, gallery: Gallery, pids: np.ndarray, camids: np.ndarray, shown: int
) -> tuple[np.ndarray, np.ndarray]:
    """Indices (Q,shown) and distances of the closest, ties to the lower index; changes `distances` at the junk."""
    top = np.full((len(distances), shown), -1)
    closest = np.full((len(distances), shown), np.inf, np.float32)
    for query, (row, pid, camid) in enumerate(zip(distances, pids.tolist(), camids.tolist(), strict=True)):
        row[gallery.of(pid, camid)[1]] = np.inf
        last = np.partition(row, min(shown, len(row)) - 1)[min(shown, len(row)) - 1]
        near = np.flatnonzero(row <= last)
        near = near[np.argsort(row[near], kind="stable")][:shown]
        near = near[np.isfinite(row[near])]
        top[query, : len(near)], closest[query, : len(near)] = near, row[near]
    return top, closest
