"""Which tracklets are one person: what a tracker has broken, and what several cameras see, put
together again.

Tracklets are merged from the closest pair on, groups by the mean of their distances (average
linkage), as far as a threshold goes. Two that are seen at once by one camera are two people, and so
are any groups that hold them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

NEVER = 1e12
"""Distance of two that are not one person: no mean that it is part of, of all pairs that MOST can
form, is below a threshold."""
MOST = 20_000
"""Tracklets whose distances, each to each, are held at once: 3.2 GB."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """When a camera sees a tracklet."""

    camera: str
    first: int
    """Its first frame's number."""
    last: int
    """Its last frame's."""


def same_people(features: np.ndarray, spans: Sequence[Span | None], threshold: float) -> np.ndarray:
    """Number the people, from 1 in the order of their first tracklets (N,).

    features (N,C) of any length; spans: None where nobody knows when it was seen; threshold: the
    cosine distance up to which tracklets count as one person.
    """
    if len(features) == 1:
        return np.array([1])
    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    distances = np.maximum(1 - unit @ unit.T, 0).astype(np.float64)
    distances[at_once(spans)] = NEVER
    np.fill_diagonal(distances, 0)
    merged = linkage(squareform(distances, checks=False), "average")
    found = fcluster(merged, threshold, "distance")
    _, first, place = np.unique(found, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[place] + 1


def at_once(spans: Sequence[Span | None]) -> np.ndarray:
    """Pairs (N,N) that one camera sees at the same time."""
    known = [span or Span(camera="", first=0, last=-1) for span in spans]
    cameras, first, last = (
        np.array([getattr(span, name) for span in known]) for name in ("camera", "first", "last")
    )
    overlap = (first[:, None] <= last) & (first <= last[:, None])
    overlap &= (last >= first) & (last >= first)[:, None]
    return overlap & (cameras[:, None] == cameras)
