"""Who looks like whom among one's own tracklets, whose identities nobody knows.

Q queries, G tracklets of the gallery, K matches that are kept of each query.
"""

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dcct.config.profile import Reranking
from dcct.evaluation.distances import Cosine, nearest
from dcct.evaluation.ranking import CHUNK_BYTES
from dcct.evaluation.reranking import Reciprocal

FEATURE = "mine"


@dataclass(frozen=True, kw_only=True)
class Tracklets:
    """One's own tracklets, and where a network sees them."""

    keys: list[str]
    """camera/tracklet of each: their folders below `root`."""
    cameras: list[str]
    """Of each."""
    frames: list[list[str]]
    """Each one's pictures in order, relative to `root`."""
    features: np.ndarray
    """(N,C) of any length."""
    root: str
    """The folder of all cameras."""

    @property
    def folders(self) -> list[str]:
        """Where each lies, links followed."""
        return [os.path.realpath(os.path.join(self.root, key)) for key in self.keys]

    def part(self, places: Sequence[int]) -> "Tracklets":
        """Some of them."""
        return replace(
            self,
            keys=[self.keys[place] for place in places],
            cameras=[self.cameras[place] for place in places],
            frames=[self.frames[place] for place in places],
            features=self.features[list(places)],
        )


@dataclass(frozen=True, kw_only=True)
class Matches:
    """The closest tracklets of the gallery to each query, closest first."""

    places: np.ndarray
    """Theirs (Q,K) in the gallery; −1 where fewer are left."""
    distances: np.ndarray
    """Cosine distances (Q,K); inf where fewer are left."""


def find_matches(
    query: Tracklets,
    gallery: Tracklets,
    *,
    top: int,
    other_cameras: bool = False,
    reranking: Reranking | None = None,
) -> Matches:
    """Search the gallery for each query; a query that is in the gallery does not find itself.

    top: K. other_cameras: leave out tracklets of the query's own camera. reranking: order by
    k-reciprocal neighbours; distances are the plain ones still, since no other is calibrated.
    """
    top = min(int(top), len(gallery.keys))
    sides = {FEATURE: query.features}, {FEATURE: gallery.features}
    order = Reciprocal(*sides, {}, reranking, CHUNK_BYTES) if reranking else Cosine(*sides, {})
    plain = Cosine(*sides, {})
    left_out = _left_out(query, gallery, other_cameras)
    chunk = max(1, CHUNK_BYTES // (4 * len(gallery.keys)))
    places, distances = [], []
    for (rows, ((_, keys),)), (_, ((_, original),)) in zip(
        order.chunks(chunk), plain.chunks(chunk), strict=True
    ):
        for place, row in enumerate(range(rows.start, rows.stop)):
            keys[place, left_out(row)] = np.inf
        top_places, _ = nearest(keys, top)
        found = np.take_along_axis(original, np.maximum(top_places, 0), 1)
        shown = plain.distances(rows, FEATURE, found)
        places.append(top_places)
        distances.append(np.where(top_places >= 0, shown, np.inf))
    return Matches(places=np.concatenate(places), distances=np.concatenate(distances))


def _left_out(query: Tracklets, gallery: Tracklets, other_cameras: bool):
    """Row of a query → places of the gallery that it is not compared with."""
    places = defaultdict(list)  # by folders, however links lead to them
    for number, folder in enumerate(gallery.folders):
        places[folder].append(number)
    asked = query.folders
    cameras = np.array(gallery.cameras)

    def of(row: int) -> np.ndarray:
        if other_cameras:
            return np.flatnonzero(cameras == query.cameras[row])
        return np.array(places.get(asked[row], []), int)

    return of
