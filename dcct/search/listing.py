"""What a search found, as tables for other programs."""

from collections.abc import Iterator

import pandas as pd

from dcct.search.matches import Tracklets, meaning
from dcct.search.page import Search

MATCHES = {
    "query": "str",
    "rank": "int64",
    "match": "str",
    "distance": "float64",
    "false_at_most": "float64",
    "false_low": "float64",
    "false_high": "float64",
}
"""Columns of matches.csv: camera/tracklet of both, and the false-match rate at their distance,
empty where it is not known."""


def matches_table(search: Search) -> pd.DataFrame:
    """One row for each query and match."""
    return pd.DataFrame(_matches(search), columns=list(MATCHES)).astype(MATCHES)


def _matches(search: Search) -> Iterator[tuple]:
    found = search.matches
    for key, places, distances in zip(
        search.query.keys, found.places, found.distances, strict=True
    ):
        for rank, (place, distance) in enumerate(zip(places, distances, strict=True), 1):
            if place >= 0:
                point = meaning(search.points, distance)
                rates = (point.allowed, point.low, point.high) if point else (None,) * 3
                yield key, rank, search.gallery.keys[place], round(float(distance), 6), *rates


def people_table(gallery: Tracklets, people: list[int]) -> pd.DataFrame:
    """Which person each tracklet of the gallery was linked to."""
    return pd.DataFrame({"person": people, "tracklet": gallery.keys}).sort_values(
        ["person", "tracklet"], kind="stable"
    )
