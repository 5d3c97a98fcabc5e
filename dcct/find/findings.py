"""What a search found."""

from dataclasses import dataclass

import numpy as np

from dcct.find.link import Span
from dcct.find.matches import Matches, Tracklets
from dcct.find.meaning import Meaning


@dataclass(frozen=True, kw_only=True)
class Findings:
    """All that a search found."""

    title: str
    """Of the model."""
    query: Tracklets
    gallery: Tracklets
    matches: Matches
    reranked: bool
    """Whether matches are ordered by their neighbours."""
    meaning: Meaning | None
    """What distances mean; None where nobody knows."""
    people: np.ndarray | None
    """Number of the person that each tracklet of the gallery was linked to (G,)."""
    spans: list[Span | None]
    """When each tracklet of the gallery was seen, where that is known."""
    query_spans: list[Span | None]
    """When each query was, likewise."""
    within: float | None = None
    """The mean distance up to which they were linked, if they were."""
