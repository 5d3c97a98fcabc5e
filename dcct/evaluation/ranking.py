"""From features to rankings: inner products in chunks of queries, shared by all feature sets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dcct.config.profile import Reranking
from dcct.evaluation.distances import Cosine, Sets, float32, nearest
from dcct.evaluation.labels import paired
from dcct.evaluation.metrics import RANKS, Gallery, Relevance, Retrieval, joined
from dcct.evaluation.reranking import Reciprocal

CHUNK_BYTES = 32 << 20
"""Size of the distances that are held at once, of each feature set."""
Watch = Callable[[str, slice, np.ndarray, Relevance], None]
"""Given a feature set, rows of queries, their distances (rows,G), which it may change, and who is
who among them."""


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """A feature set's results."""

    retrieval: Retrieval
    """Of every query."""
    top: np.ndarray
    """Gallery indices (Q,k) closest to each query, junk left out; −1 where fewer than k are
    left."""
    distances: np.ndarray
    """Theirs (Q,k), inf where fewer than k are left."""


def rank_features(
    query: Sets,
    gallery: Sets,
    query_pids: np.ndarray,
    gallery_pids: np.ndarray,
    query_camids: np.ndarray,
    gallery_camids: np.ndarray,
    *,
    sums: Mapping[str, Sequence[str]] | None = None,
    reranking: Reranking | None = None,
    ranks: Sequence[int] = RANKS,
    shown: int = 10,
    chunk: int | None = None,
    watch: Watch | None = None,
) -> dict[str, Ranked]:
    """Rank the gallery for each query by cosine distance in every feature set, as
    `retrieval_metrics` does.

    query, gallery: feature set → array (Q,C) and (G,C) of real numbers, numpy or torch, the latter
    on any device, where the inner products are then computed. sums: further feature sets that
    concatenate named ones, whose inner products are the sums of theirs: {"all": ("base", "spatial",
    "temporal")}. reranking: by k-reciprocal neighbours instead. chunk: queries at once; as many as
    CHUNK_BYTES hold. watch: is shown all distances, too. All in float32; ties go to the lower
    gallery index. To leave out no camera, number every tracklet: a query that is in the gallery
    must have its number there, or it finds itself. Raises ValueError at features that are not
    finite or no numbers, at labels that are missing, and at lengths that do not fit.
    """
    query_pids, gallery_pids = paired("pids", query_pids, gallery_pids)
    query_camids, gallery_camids = paired("camids", query_camids, gallery_camids)
    sums, known = sums or {}, Gallery(gallery_pids, gallery_camids)
    if not query or query.keys() - gallery.keys():
        raise ValueError(f"gallery: no {', '.join(query.keys() - gallery.keys()) or 'features'}")
    query, gallery = (
        {name: float32(name, side[name]) for name in query} for side in (query, gallery)
    )
    for name, features in query.items():
        if features.shape[1] != gallery[name].shape[1]:
            raise ValueError(
                f"{name}: {features.shape[1]} numbers a query, {gallery[name].shape[1]} in the"
                " gallery"
            )
        if len(features) != len(query_pids) or len(gallery[name]) != len(known):
            raise ValueError(
                f"{name}: {len(features)} and {len(gallery[name])} features, but {len(query_pids)}"
                f" queries and {len(known)} in the gallery"
            )
    order = (
        Reciprocal(query, gallery, sums, reranking, CHUNK_BYTES)
        if reranking
        else Cosine(query, gallery, sums)
    )
    parts: dict[str, list[Ranked]] = {name: [] for name in [*query, *sums]}
    for rows, sets in order.chunks(chunk or max(1, CHUNK_BYTES // (4 * len(known)))):
        relevance = known.of(query_pids[rows], query_camids[rows])
        for name, keys in sets:
            keys[relevance.junk] = np.inf
            retrieval = known.evaluate(keys, relevance, ranks)
            top, closest = nearest(keys, shown)
            if watch:
                watch(name, rows, order.distances(rows, name, keys), relevance)
            parts[name].append(
                Ranked(retrieval=retrieval, top=top, distances=order.distances(rows, name, closest))
            )
    return {
        name: Ranked(
            retrieval=joined([part.retrieval for part in found]),
            top=np.concatenate([part.top for part in found]),
            distances=np.concatenate([part.distances for part in found]),
        )
        for name, found in parts.items()
    }
